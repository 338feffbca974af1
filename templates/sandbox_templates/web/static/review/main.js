// The reviewer's page. Without scripts it is still whole: forms are sent as forms, the app runs in its frame.

import * as app from "./app.js";
import * as comment from "./comment.js";
import * as drafts from "./drafts.js";
import * as live from "./live.js";
import * as panel from "./panel.js";
import * as parts from "./parts.js";
import * as send from "./send.js";
import * as ticks from "./ticks.js";
import { room } from "./room.js";

// A reload must not move anybody to a newer version: from here on the address names the one on show.
const here = new URL(location.href);
if (!here.searchParams.has("version")) {
  here.searchParams.set("version", room.dataset.version);
  history.replaceState(history.state, "", here);
}

parts.start();
drafts.start();
ticks.start();
app.start();
comment.start();
send.start();
panel.start();
live.start();

// A picture to a comment: pasted, dropped or chosen. It is shown before it is sent; only its own bytes leave the page.

import { find } from "./room.js";

const MOST = 5 * 1024 * 1024; // bytes
const KINDS = ["image/png", "image/jpeg", "image/webp", "image/gif"];
const WIDEST = 320; // pixels of the small view
let chosen = null;
let form;

export function start(within) {
  form = within;
  const input = find("input[type=file]", form);
  input.addEventListener("change", () => take(input.files[0]));
  document.addEventListener("paste", (event) => {
    const file = Array.from(event.clipboardData?.files || []).find((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    take(file);
  });
  const area = find("[data-drop]", form);
  area.addEventListener("dragover", (event) => {
    event.preventDefault();
    area.classList.add("over");
  });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    take(event.dataTransfer.files[0]);
  });
  // Dropped beside it, a picture would take the place of the page.
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => event.preventDefault());
  find("[data-ungive]", form).addEventListener("click", () => {
    forget();
    input.focus();
  });
}

export function add(data) {
  data.delete("picture");
  if (chosen) data.set("picture", chosen, chosen.name || "picture.png");
}

export function forget() {
  chosen = null;
  find("input[type=file]", form).value = "";
  find("[data-given]", form).hidden = true;
}

async function take(file) {
  if (!file) return;
  chosen = null;
  find("[data-given]", form).hidden = false;
  const wrong = problem(file);
  if (wrong) {
    find("canvas", form).hidden = true;
    say(wrong);
    return;
  }
  chosen = file;
  name(file);
  await draw(file);
}

function problem(file) {
  if (!KINDS.includes(file.type)) return "This is no picture that can be sent: PNG, JPEG, WebP and GIF are.";
  return file.size > MOST ? "The picture is larger than 5 MB: cut it to the part that matters." : "";
}

// A pasted one is named beside the button like one that was chosen.
function name(file) {
  const list = new DataTransfer();
  list.items.add(file);
  find("input[type=file]", form).files = list.files;
}

// On a canvas of the page: nothing has to be loaded from anywhere.
async function draw(file) {
  const canvas = find("canvas", form);
  try {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, WIDEST / image.width);
    canvas.width = Math.max(1, image.width * scale);
    canvas.height = Math.max(1, image.height * scale);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.hidden = false;
    say(`This picture goes with the comment (${image.width} × ${image.height}).`);
  } catch {
    chosen = null;
    canvas.hidden = true;
    say("This file is no whole picture.");
  }
}

function say(words) {
  find("[data-given-said]", form).textContent = words;
}

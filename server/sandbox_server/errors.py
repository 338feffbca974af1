"""Every error that a person may meet.

SandboxError
├── BadRequest            422  the request itself is wrong
│   ├── BadName                names that cannot be hosts
│   ├── BadBundle              an archive that is not acceptable
│   ├── NotAnApp               nothing in the bundle that could be started
│   ├── BadConfig              sandbox.toml says something impossible
│   └── BadPicture             what was given as a picture is none
├── TooLarge              413
├── Unauthorized          401
├── Forbidden             403
├── NotFound              404
├── LinkOver              410  a review link that has expired or was revoked
├── MethodNotAllowed      405
├── TooMany               429  more than a link may send in that time
├── Conflict              409  the state does not allow it
│   ├── StateChanged           somebody else moved first
│   ├── NotPossible            this state has no such move
│   ├── QuotaReached           as many sandboxes as are allowed
│   └── GateClosed             what the app demands before a release is missing
├── Unavailable           503  a part of the platform is not there; may be tried again
│   ├── RuntimeUnavailable
│   ├── RouterUnavailable
│   ├── StoreUnavailable       the database does not answer: nothing was changed
│   ├── BaseMissing
│   ├── Full                   no slot, address or room left
│   └── StorageFull       507
├── BuildFailed           422  final: the same bundle fails again
├── StartFailed           422  the instance did not come up
└── ImageMissing          409  final: the image is not on this machine

Each carries a stable `code`, an HTTP `status`, a sentence, and a `hint`: the next thing to type or do.
"""

from typing import ClassVar


class SandboxError(Exception):
    """A known error: one sentence for the person, one hint that helps."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    default_hint: ClassVar[str] = "Run `sandbox doctor`."

    def __init__(self, message: str, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint
        self.detail = detail
        """Longer material, such as the last lines of a log."""


class BadRequest(SandboxError):
    code = "bad_request"
    status = 422
    default_hint = "See `sandbox --help`."


class BadName(BadRequest):
    code = "bad_name"
    default_hint = "Use small letters, digits and single dashes, 30 at most, starting with a letter."


class BadBundle(BadRequest):
    code = "bad_bundle"
    default_hint = "Push with `sandbox deploy`, which packs regular files and folders only."


class NotAnApp(BadRequest):
    code = "not_an_app"
    default_hint = "Put an app.R (or ui.R and server.R) at the top of the folder, or give its PATH."


class BadConfig(BadRequest):
    code = "bad_config"
    default_hint = "Mend sandbox.toml; its fields are described in docs/sandbox-toml.md."


class BadPicture(BadRequest):
    code = "bad_picture"
    default_hint = "Give a PNG, JPEG, WebP or GIF file as your screen or camera made it."


class TooLarge(SandboxError):
    code = "too_large"
    status = 413
    default_hint = "Leave large files out with .sandboxignore, or raise the limit on the server."


class Unauthorized(SandboxError):
    code = "unauthorized"
    status = 401
    default_hint = "Run `sandbox login URL --token TOKEN`."


class Forbidden(SandboxError):
    code = "forbidden"
    status = 403
    default_hint = "Ask an administrator of this server."


class NotFound(SandboxError):
    code = "not_found"
    status = 404
    default_hint = "Run `sandbox ls` to see what there is."


class LinkOver(SandboxError):
    code = "link_over"
    status = 410
    default_hint = "Ask whoever sent it to you for a new one."


class MethodNotAllowed(SandboxError):
    code = "method_not_allowed"
    status = 405
    default_hint = "See /api/v1/openapi.json."


class TooMany(SandboxError):
    code = "too_many"
    status = 429
    default_hint = "Wait a few minutes, then try again."


class Conflict(SandboxError):
    code = "conflict"
    status = 409
    default_hint = "Run `sandbox status` to see what happened."


class StateChanged(Conflict):
    code = "state_changed"


class NotPossible(Conflict):
    code = "not_possible"


class QuotaReached(Conflict):
    code = "quota_reached"
    default_hint = "Remove one that nobody needs: `sandbox ls --sandboxes`, `sandbox rm --branch B`."


class GateClosed(Conflict):
    code = "gate_closed"
    default_hint = "See what is missing: `sandbox gates`."


class Unavailable(SandboxError):
    code = "unavailable"
    status = 503


class RuntimeUnavailable(Unavailable):
    code = "runtime_unavailable"
    default_hint = "Check that the Docker engine runs: `docker info`."


class RouterUnavailable(Unavailable):
    code = "router_unavailable"
    default_hint = "Check that HAProxy runs: `sandbox doctor`."


class StoreUnavailable(Unavailable):
    code = "store_unavailable"
    default_hint = "Try again in a moment."


class BaseMissing(Unavailable):
    code = "base_missing"
    default_hint = "Make one on the server: `sandboxd base build`."


class Full(Unavailable):
    code = "full"
    default_hint = "Remove sandboxes that nobody needs: `sandbox ls`, `sandbox rm --branch B`."


class StorageFull(Unavailable):
    code = "storage_full"
    status = 507
    default_hint = "Free disk space on the server; nothing of this upload was kept."


class BuildFailed(SandboxError):
    code = "build_failed"
    status = 422
    default_hint = "Read the whole log: `sandbox logs --build`."


class StartFailed(SandboxError):
    code = "start_failed"
    status = 422
    default_hint = "Read the log: `sandbox logs`."


class ImageMissing(SandboxError):
    code = "image_missing"
    status = 409
    default_hint = "Push the branch again: `sandbox deploy`."

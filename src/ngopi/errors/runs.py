"""What stops a run from outside: the disk, another run, Ctrl-C."""

from ngopi.errors.base import CONFLICT, INTERRUPTED, IO, NgopiError
from ngopi.i18n import N_


class StoppedError(NgopiError):
    """Ctrl-C."""

    code, exit_status = "interrupted", INTERRUPTED
    sentence = N_("Interrupted; nothing half-made was left behind.")
    next_step = N_("run the same command again whenever you like.")


class DiskError(NgopiError):
    """The disk is full, the folder is read-only, or the like."""

    code, exit_status = "disk", IO
    sentence = N_("Could not write {path}: {reason}.")
    next_step = N_(
        "make room on the disk, allow writing in that folder, or move away what has the name of "
        "the file or folder there; then run the command again."
    )


class LockedError(NgopiError):
    """Two runs at once in one folder."""

    code, exit_status = "locked", CONFLICT
    sentence = N_("Another run of ngopi is at work in {folder}.")
    next_step = N_("wait until it has finished, then run the command again.")

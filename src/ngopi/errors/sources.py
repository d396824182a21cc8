"""Several files or sound tracks of which it is not clear how they belong together."""

from ngopi.errors.base import NgopiError
from ngopi.i18n import N_

_USAGE = 2


class NoSuchSoundError(NgopiError):
    """--sound names a track that the file does not have, or that cannot be decoded."""

    code, exit_status = "no-such-sound", _USAGE
    sentence = N_("{path} has no sound track {number} that ngopi can read; it has: {numbers}.")
    next_step = N_("choose one of these with --sound, or --sound mix for all of them together.")


class NamedTwiceError(NgopiError):
    """One file cannot be two parts."""

    code, exit_status = "named-twice", _USAGE
    sentence = N_("{path} is named twice.")
    next_step = N_("name each part once, in the order in which they were recorded.")


class CopyOfPartError(NgopiError):
    """The same sound would be heard twice."""

    code, exit_status = "copy-of-part", _USAGE
    sentence = N_("{path} is a copy of {other}.")
    next_step = N_("name each part once: leave one of the two out.")


class OrderUnknownError(NgopiError):
    """Nothing tells which part comes first."""

    code, exit_status = "order-unknown", _USAGE
    sentence = N_("It is not clear which part comes first: neither names nor tags nor times tell.")
    next_step = N_("name them in their order, and say so: {example}")


class NotTogetherError(NgopiError):
    """Tracks and parts cannot be told apart in one command line."""

    code, exit_status = "tracks-or-parts", _USAGE
    sentence = N_("Several parts and --track cannot be used at once.")
    next_step = N_(
        "name each person's recording of one meeting with --track, or the parts of one recording "
        "without it."
    )


class TracksApartError(NgopiError):
    """Two halves of a recording would be laid over each other."""

    code, exit_status = "tracks-apart", _USAGE
    sentence = N_("These may be parts of one recording, not tracks of one moment: {reason}.")
    next_step = N_("if they follow one another: {joined}; if they belong together: {together}")


class PartsTogetherError(NgopiError):
    """The tracks of one meeting would be joined one after the other."""

    code, exit_status = "parts-together", _USAGE
    sentence = N_("These may be tracks of one moment, not parts of one recording: {reason}.")
    next_step = N_("if they belong together: {together}; if they follow one another: {joined}")


class OrderUnclearError(NgopiError):
    """Names and clocks tell different orders."""

    code, exit_status = "order-unclear", _USAGE
    sentence = N_("It is not clear which part comes first: by their names {named}, {timed}.")
    next_step = N_("name them in their order, and say so: {example}")

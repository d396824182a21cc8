"""Recordings that cannot be used, and masters that cannot be made."""

from ngopi.errors.base import BUG, CONFLICT, DATA, IO, MISSING, NgopiError
from ngopi.i18n import N_


class NoSuchRecordingError(NgopiError):
    """The path leads nowhere."""

    code, exit_status = "no-such-recording", MISSING
    sentence = N_("There is no file {path}.")
    next_step = N_(
        "check the name; dragging the file from its folder into this window writes its path."
    )


class FolderRecordingError(NgopiError):
    """A folder was named where a file is wanted."""

    code, exit_status = "folder-recording", DATA
    sentence = N_("{path} is a folder, not a recording.")
    next_step = N_("name the recording inside it.")


class UnreadableRecordingError(NgopiError):
    """The system does not let us read the file."""

    code, exit_status = "unreadable-recording", IO
    sentence = N_("Could not read {path}: {reason}.")
    next_step = N_(
        "allow your account to read the file, or copy it to a folder of your own, "
        "then run the command again."
    )


class EmptyRecordingError(NgopiError):
    """The file has no bytes."""

    code, exit_status = "empty-recording", DATA
    sentence = N_("{path} is empty: it has 0 bytes.")
    next_step = N_(
        "look for the real file where it was recorded; a download may have been interrupted."
    )


class NotARecordingError(NgopiError):
    """Text, an image, a playlist, a device: nothing that holds sound."""

    code, exit_status = "not-a-recording", DATA
    sentence = N_("{path} is not a recording that ngopi can read: it is {kind}.")
    next_step = N_(
        "give it the sound or the video itself: WAV, AIFF, FLAC, MP3, M4A, AAC, OGG, Opus, AMR, "
        "WMA, MP4, MOV, 3GP, AVI, MKV, WebM, FLV or TS."
    )


class PackedRecordingError(NgopiError):
    """A ZIP file or the like, in which a recording may lie."""

    code, exit_status = "packed-recording", DATA
    sentence = N_("{path} is an archive with other files in it, not a recording.")
    next_step = N_("unpack it, and give ngopi the recording that lies in it.")


class ProjectFileError(NgopiError):
    """What an editing program keeps its work in."""

    code, exit_status = "project-file", DATA
    sentence = N_("{path} is the project of an editing program, without its sound.")
    next_step = N_(
        "open it with the program that made it, Audacity for example, export the sound as WAV, "
        "and give ngopi that file."
    )


class ForeignFormatError(NgopiError):
    """Sound or video of a format that is known by name, and not read."""

    code, exit_status = "foreign-format", DATA
    sentence = N_("{path} is a recording in the format {kind}, which ngopi does not read.")
    next_step = N_(
        "save it as WAV, MP3 or M4A with the program that came with the recorder, or with VLC "
        "(Media, Convert / Save), and give ngopi that file."
    )


class ProtectedRecordingError(NgopiError):
    """Encrypted, so that only the player of a shop may play it."""

    code, exit_status = "protected-recording", DATA
    sentence = N_("{path} is protected against copying (DRM): only its own player can open it.")
    next_step = N_(
        "ask whoever made the recording for a file without protection, or record it again in "
        "WAV, MP3 or M4A."
    )


class NoAudioError(NgopiError):
    """A video without a sound track, for example."""

    code, exit_status = "no-audio", DATA
    sentence = N_("There is no sound in {path}.")
    next_step = N_("export the video again with its sound, or name the separate sound file.")


class UnknownCodecError(NgopiError):
    """The container is known, what is in it is not (protected, or too new)."""

    code, exit_status = "unknown-codec", DATA
    sentence = N_("The sound in {path} is of a kind that ngopi cannot decode: {kind}.")
    next_step = N_(
        "save it as WAV or M4A with the program that it came from, or with VLC (Media, "
        "Convert / Save)."
    )


class DamagedRecordingError(NgopiError):
    """Truncated, still being written, or full of damaged frames."""

    code, exit_status = "damaged-recording", DATA
    sentence = N_("{path} is damaged or incomplete: too little of its sound can be read.")
    next_step = N_(
        "copy or download it again; if the recorder has not finished writing it, "
        "let it finish first."
    )


class BrokenSamplesError(NgopiError):
    """Float samples that are no numbers, or whose full scale is not 1."""

    code, exit_status = "broken-samples", DATA
    sentence = N_(
        "{count} samples in {path} ({percent:.1f} %) are no sound: they are infinite, no numbers, "
        "or far beyond full scale."
    )
    next_step = N_(
        "export it again as 24-bit WAV from the program that it came from, with all effects off."
    )


class TooShortRecordingError(NgopiError):
    """Shorter than loudness can be judged on."""

    code, exit_status = "too-short-recording", DATA
    sentence = N_("{path} lasts only {duration_s:.2f} seconds.")
    next_step = N_(
        "give a recording of at least half a second; of several parts, leave an empty one out."
    )


class RecordingChangedError(NgopiError):
    """Somebody wrote to the file while we read it."""

    code, exit_status = "recording-changed", CONFLICT
    sentence = N_("{path} changed while it was being read.")
    next_step = N_("wait until it is fully written or copied, then run the command again.")


class SpoolFullError(NgopiError):
    """The decoded recording does not fit on the disk."""

    code, exit_status = "spool-full", IO
    sentence = N_(
        "There is not enough room in {folder}: decoding this recording needs about "
        "{needed_mb} MB there."
    )
    next_step = N_("make room on that disk, then run the command again.")


class ExcerptError(NgopiError):
    """--preview names a passage that the recording does not have."""

    code, exit_status = "no-such-passage", DATA
    sentence = N_(
        "There is no passage from {start_s:.0f} s on: the recording lasts {duration_s:.0f} s."
    )
    next_step = N_("choose a passage inside the recording, as in --preview 0:30-1:00")


class SilentRecordingError(NgopiError):
    """Nothing in it passes the gate of BS.1770."""

    code, exit_status = "silent-recording", DATA
    sentence = N_("The recording is silent: nothing in it can be heard.")
    next_step = N_(
        "listen to it; perhaps the wrong microphone was chosen or the wrong track was exported."
    )


class JingleMissingError(NgopiError):
    """[audio] names an intro or outro, and there is no such file."""

    code, exit_status = "no-jingle", MISSING
    sentence = N_('ngopi.toml names {key} = "{name}", and the show\'s folder has no such file.')
    next_step = N_("put the file there: {path}; or delete that line under [audio] in ngopi.toml")


class SilentJingleError(NgopiError):
    """An intro or outro that cannot be brought to any loudness."""

    code, exit_status = "silent-jingle", DATA
    sentence = N_("The intro or outro {name} is silent: nothing in it can be heard.")
    next_step = N_("listen to it, or take its line out of [audio] in ngopi.toml.")


class TooQuietRecordingError(NgopiError):
    """Mastering would lift the noise of the room more than the voices."""

    code, exit_status = "too-quiet-recording", DATA
    sentence = N_(
        "The recording is too quiet to be mastered: it has {measured_lufs:.1f} LUFS, "
        "and {target_lufs:.1f} are wanted."
    )
    next_step = N_("check the microphone's level and record again, or export the recording louder.")


class NotReachableError(NgopiError):
    """Its peaks stand too high above its loudness: clicks, or a hum below hearing."""

    code, exit_status = "loudness-not-reachable", DATA
    sentence = N_(
        "The recording cannot be brought to {target_lufs:.1f} LUFS under {ceiling_dbtp:.1f} dBTP: "
        "it gets to {reached_lufs:.1f} LUFS at most."
    )
    next_step = N_(
        "listen for clicks, knocks or a deep hum and take them out, or ask for less: with ngopi "
        "master --target, else by target_lufs under [audio] in ngopi.toml, as in {lower_lufs:.0f}"
    )


class TooHighSoundError(NgopiError):
    """It consists of sound so high that MP3 leaves it out: a screen's or a power supply's tone."""

    code, exit_status = "too-high-sound", DATA
    sentence = N_(
        "Hardly anything of the recording is left in an MP3 of {bitrate_kbps} kbit/s: its sound "
        "is too high."
    )
    next_step = N_(
        "listen whether there is a voice in the recording, and record again where there is none; "
        "else set a higher bitrate_kbps under [audio] in ngopi.toml."
    )


class MasterIncompleteError(NgopiError):
    """The encoded master does not decode to the length of what was mastered."""

    code, exit_status = "master-incomplete", BUG
    sentence = N_("The master that was made does not decode as a whole, so it was not kept.")
    next_step = N_(
        "run it again; if it happens again, send the developers the kind of the recording and "
        "what -v says."
    )


class MasterNotVerifiedError(NgopiError):
    """The encoded master does not measure as it should, after every correction."""

    code, exit_status = "master-not-verified", DATA
    sentence = N_(
        "The master did not become what was asked for: it has {integrated_lufs:.2f} LUFS and "
        "{true_peak_dbtp:.2f} dBTP, and {target_lufs:.2f} LUFS under {ceiling_dbtp:.2f} dBTP "
        "were wanted."
    )
    next_step = N_(
        "ask for less: with ngopi master --target, else by a higher bitrate_kbps or a lower "
        "target_lufs under [audio] in ngopi.toml."
    )

"""Every failure that ngopi knows: what happened, what to do next, a stable code, an exit status.

An error is raised with the values its sentence names::

    raise EmptyRecordingError(path=path)

The sentence is put together, in the reader's language, when it is shown.
"""

import re
from string import Formatter
from typing import ClassVar

from ngopi.i18n import N_, _

# What moves a terminal's cursor, ends a line or turns the order of letters around.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

DATA, MISSING, UNAVAILABLE, BUG, IO, CONFLICT, REFUSED, CONFIG = 65, 66, 69, 70, 74, 75, 77, 78
INTERRUPTED = 130


def one_line(text: str) -> str:
    """Return *text* as one line for a terminal: control characters are shown as escapes."""
    return _UNSHOWN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class NgopiError(Exception):
    """A failure that a person can understand and mend."""

    code: ClassVar[str]
    exit_status: ClassVar[int]
    sentence: ClassVar[str]
    next_step: ClassVar[str]

    def __init__(self, **values: object) -> None:
        super().__init__(values)
        self.values = values

    @property
    def message(self) -> str:
        """What happened, in the language that is set."""
        return _(self.sentence).format(**self._shown())

    @property
    def hint(self) -> str:
        """What to do next, in the language that is set."""
        return _(self.next_step).format(**self._shown())

    def _shown(self) -> dict[str, object]:
        return {name: _in_sentence(value) for name, value in self.values.items()}

    def __str__(self) -> str:
        return self.message

    @classmethod
    def names(cls) -> frozenset[str]:
        """Return the values that the sentence and the hint need."""
        fields = (*Formatter().parse(cls.sentence), *Formatter().parse(cls.next_step))
        return frozenset(field[1] for field in fields if field[1])


def _in_sentence(value: object) -> object:
    # A name that a person typed stays in its place, whatever is in it; a tuple is a list of lines.
    if isinstance(value, tuple):
        return "\n".join(one_line(line) for line in value)
    return value if isinstance(value, int | float) else one_line(str(value))


# -- recordings ---------------------------------------------------------------------------


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
    sentence = N_("{path} is not a recording that ngopi can read.")
    next_step = N_(
        "give it the sound or the video itself: WAV, AIFF, FLAC, MP3, M4A, AAC, OGG, Opus, "
        "MP4, MOV, MKV or WebM."
    )


class NoAudioError(NgopiError):
    """A video without a sound track, for example."""

    code, exit_status = "no-audio", DATA
    sentence = N_("There is no sound in {path}.")
    next_step = N_("export the video again with its sound, or name the separate sound file.")


class UnknownCodecError(NgopiError):
    """The container is known, what is in it is not (protected, or too new)."""

    code, exit_status = "unknown-codec", DATA
    sentence = N_("The sound in {path} is of a kind that ngopi cannot decode.")
    next_step = N_("save it as WAV or M4A with the program that it came from.")


class DamagedRecordingError(NgopiError):
    """Truncated, still being written, or full of damaged frames."""

    code, exit_status = "damaged-recording", DATA
    sentence = N_("{path} is damaged or incomplete: too little of its sound can be read.")
    next_step = N_(
        "copy or download it again; if the recorder has not finished writing it, "
        "let it finish first."
    )


class TooShortRecordingError(NgopiError):
    """Shorter than loudness can be judged on."""

    code, exit_status = "too-short-recording", DATA
    sentence = N_("{path} lasts only {duration_s:.2f} seconds.")
    next_step = N_("give a recording of at least half a second.")


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
        "listen for clicks, knocks or a deep hum and remove them, "
        "or set a lower target_lufs under [audio] in ngopi.toml."
    )


class MasterNotVerifiedError(NgopiError):
    """The encoded master does not measure as it should, after every correction."""

    code, exit_status = "master-not-verified", DATA
    sentence = N_(
        "The master did not become what was asked for: it has {integrated_lufs:.2f} LUFS and "
        "{true_peak_dbtp:.2f} dBTP, and {target_lufs:.2f} LUFS under {ceiling_dbtp:.2f} dBTP "
        "were wanted."
    )
    next_step = N_("set a higher bitrate_kbps or a lower target_lufs under [audio] in ngopi.toml.")


# -- runs ------------------------------------------------------------------------------


class StoppedError(NgopiError):
    """Ctrl-C."""

    code, exit_status = "interrupted", INTERRUPTED
    sentence = N_("Interrupted; nothing half-made was left behind.")
    next_step = N_("run the same command again whenever you like.")


# -- files ------------------------------------------------------------------------------


class DiskError(NgopiError):
    """The disk is full, the folder is read-only, or the like."""

    code, exit_status = "disk", IO
    sentence = N_("Could not write {path}: {reason}.")
    next_step = N_(
        "make room on the disk or allow writing in that folder, then run the command again."
    )


class LockedError(NgopiError):
    """Two runs at once in one folder."""

    code, exit_status = "locked", CONFLICT
    sentence = N_("Another run of ngopi is at work in {folder}.")
    next_step = N_("wait until it has finished, then run the command again.")


# -- show and catalogue -------------------------------------------------------------------


class NoShowError(NgopiError):
    """No ngopi.toml from here upwards."""

    code, exit_status = "no-show", CONFIG
    sentence = N_("There is no show in {folder}: neither it nor a folder above has an ngopi.toml.")
    next_step = N_(
        "go to the folder of your show with cd, name it with --show FOLDER, "
        "or make a new one: ngopi init FOLDER"
    )


class ShowFolderMissingError(NgopiError):
    """--show names a folder without ngopi.toml."""

    code, exit_status = "no-config", CONFIG
    sentence = N_("{path} cannot be read.")
    next_step = N_("check the folder's name, or make a new show there: ngopi init FOLDER")


class ConfigInvalidError(NgopiError):
    """Mistakes in ngopi.toml, all at once."""

    code, exit_status = "bad-config", CONFIG
    sentence = N_("{path} has mistakes:\n{problems}")
    next_step = N_("open the file in a text editor, mend these lines and save it.")


class CatalogueInvalidError(NgopiError):
    """Mistakes in the files of episodes, all at once."""

    code, exit_status = "bad-episode", DATA
    sentence = N_("Some episodes cannot be read:\n{problems}")
    next_step = N_("open these files in a text editor, mend the lines and save them.")


class NoSuchEpisodeError(NgopiError):
    """A slug that no episode has."""

    code, exit_status = "no-such-episode", MISSING
    sentence = N_('There is no episode "{slug}".')
    next_step = N_("see their names with: ngopi list")


class SlugInvalidError(NgopiError):
    """A slug that could not be a folder and a URL everywhere."""

    code, exit_status = "bad-slug", DATA
    sentence = N_('"{slug}" cannot be the short name of an episode.')
    next_step = N_(
        "use small letters a-z, digits and hyphens, at most 80, as in --episode {example}"
    )


class TitleEmptyError(NgopiError):
    """A title of spaces only."""

    code, exit_status = "empty-title", DATA
    sentence = N_("The title is empty.")
    next_step = N_('write what the episode is about, as in --title "Pengawasan partisipatif"')


class PersonEmptyError(NgopiError):
    """--people holds no name."""

    code, exit_status = "empty-person", DATA
    sentence = N_('"{text}" names nobody.')
    next_step = N_('write a name, and a role after a colon, as in --people "Siti Aminah:guest"')


class DateInvalidError(NgopiError):
    """--published holds no date."""

    code, exit_status = "bad-date", DATA
    sentence = N_('"{text}" is not a date that ngopi can read.')
    next_step = N_('write now, draft, or a date as in --published "2026-11-22 16:00"')


class NumberInvalidError(NgopiError):
    """Season or number is not 1 or more."""

    code, exit_status = "bad-number", DATA
    sentence = N_("A season or an episode number is 1 or more, not {number}.")
    next_step = N_("leave the option out if the episode has no number.")


class NotesMissingError(NgopiError):
    """--notes names a file that cannot be read as text."""

    code, exit_status = "bad-notes", MISSING
    sentence = N_("The notes {path} cannot be read as a text file.")
    next_step = N_("check the file's name, and save it as plain text (UTF-8, .md or .txt).")


class RecordingKnownError(NgopiError):
    """The same recording was taken in before."""

    code, exit_status = "recording-known", DATA
    sentence = N_('{path} is in the catalogue already, as the episode "{slug}".')
    next_step = N_(
        "nothing needs to be done; to make its audio anew, run: "
        "ngopi ingest RECORDING --episode {slug}"
    )


class FolderNotEmptyError(NgopiError):
    """init will not write over what is there."""

    code, exit_status = "show-exists", DATA
    sentence = N_("{path} is there already; nothing was changed.")
    next_step = N_("choose another folder, or go on with the show that is there: ngopi list")


class OptionMissingError(NgopiError):
    """A question that cannot be asked in a pipe."""

    code, exit_status = "option-missing", 2
    sentence = N_("{option} is missing, and there is no terminal to ask in.")
    next_step = N_("say it on the command line, as in: {example}")


class MediaMissingError(NgopiError):
    """The mastered file is neither here nor in the store."""

    code, exit_status = "media-missing", MISSING
    sentence = N_('The audio of "{slug}" is neither in the store nor in {path}.')
    next_step = N_("make it again from the recording: ngopi ingest RECORDING --episode {slug}")


class MediaChangedError(NgopiError):
    """The mastered file is not the one that audio.toml describes."""

    code, exit_status = "media-changed", DATA
    sentence = N_('The audio of "{slug}" in {path} is not the one that its audio.toml describes.')
    next_step = N_("make it again from the recording: ngopi ingest RECORDING --episode {slug}")


# -- publishing ---------------------------------------------------------------------------


class GuidChangedError(NgopiError):
    """A public episode has another guid in the folder."""

    code, exit_status = "guid-changed", DATA
    sentence = N_(
        'The episode "{slug}" is public with the guid {public}, '
        "but its episode.md says {here}: listeners would get it twice."
    )
    next_step = N_('write guid = "{public}" into episodes/{slug}/episode.md')


class SlugTakenError(NgopiError):
    """A public episode with another slug has this guid."""

    code, exit_status = "guid-reused", DATA
    sentence = N_('The episodes "{slug}" and "{other}" have the same guid {guid}.')
    next_step = N_(
        'an episode that was copied needs a guid of its own, for instance guid = "{fresh}"'
    )


class EpisodeClashError(NgopiError):
    """Two people changed one episode."""

    code, exit_status = "clash", CONFLICT
    sentence = N_('"{slug}" was changed here, and by {by} on {at}; it differs in:\n{fields}')
    next_step = N_(
        "keep yours with: ngopi publish --take ours; keep theirs with: ngopi pull --take theirs"
    )


class ShowClashError(NgopiError):
    """ngopi.toml was changed here, and the show was changed by a colleague."""

    code, exit_status = "show-clash", CONFLICT
    sentence = N_("The show's own data was changed here in ngopi.toml, and by {by} on {at}.")
    next_step = N_(
        "keep yours with: ngopi publish --take ours; keep theirs with: ngopi publish --take theirs"
    )


class NothingPublicError(NgopiError):
    """The store has no ledger."""

    code, exit_status = "nothing-public", MISSING
    sentence = N_("Nothing has been published yet.")
    next_step = N_("publish the first episode: ngopi ingest RECORDING")


class NotPublicError(NgopiError):
    """Only what is public can be retracted."""

    code, exit_status = "not-public-episode", MISSING
    sentence = N_('No public episode is called "{slug}".')
    next_step = N_("see what is public with: ngopi list")


class NotRetractedError(NgopiError):
    """Only what was retracted can be restored."""

    code, exit_status = "not-retracted", MISSING
    sentence = N_('No retracted episode is called "{slug}".')
    next_step = N_("see what was retracted, and when, with: ngopi history")


class AudioGoneError(NgopiError):
    """The feed would name audio that is not in the store any more."""

    code, exit_status = "audio-gone", MISSING
    sentence = N_('The audio of "{slug}" is no longer in the store: {key}.')
    next_step = N_("make it again from the recording: ngopi ingest RECORDING --episode {slug}")


class NoSuchHistoryError(NgopiError):
    """A sequence number that no ledger has."""

    code, exit_status = "no-such-history", MISSING
    sentence = N_("There is no state number {seq} in the history.")
    next_step = N_("see the numbers with: ngopi history")


class ApproverIsWriterError(NgopiError):
    """Nobody approves what they wrote."""

    code, exit_status = "approver-is-writer", DATA
    sentence = N_('{name} wrote "{slug}" and cannot approve it too.')
    next_step = N_("ask another person to read it: ngopi approve {slug} --as NAME")


class OutputExistsError(NgopiError):
    """master does not write over a file unasked."""

    code, exit_status = "output-exists", DATA
    sentence = N_("{path} is there already.")
    next_step = N_("choose another name, or add --yes to write over it.")


class NoCurveError(NgopiError):
    """Its audio was not made here, or by an older ngopi."""

    code, exit_status = "no-curve", MISSING
    sentence = N_('What "{slug}" sounds like over time is not known in this folder.')
    next_step = N_("only the folder where it was ingested can draw it.")


class NothingToApproveError(NgopiError):
    """Without audio there is nothing to hear."""

    code, exit_status = "nothing-to-approve", DATA
    sentence = N_('"{slug}" has no audio yet.')
    next_step = N_("first run: ngopi ingest RECORDING --episode {slug}")


class ShowGuidChangedError(NgopiError):
    """[show] guid differs from the public one."""

    code, exit_status = "show-guid-changed", DATA
    sentence = N_("The show is public with the podcast guid {public}, but ngopi.toml says {here}.")
    next_step = N_('write guid = "{public}" under [show] in ngopi.toml, or delete that line.')


class PublicUrlError(NgopiError):
    """What was stored cannot be fetched by listeners."""

    code, exit_status = "not-public", UNAVAILABLE
    sentence = N_("{url} was stored, but the public cannot fetch it: {reason}.")
    next_step = N_(
        "allow everybody to read the bucket (s3:GetObject), check public_url in ngopi.toml, "
        "then run: ngopi publish"
    )


class LedgerUnreadableError(NgopiError):
    """What lies in the store is not what ngopi wrote."""

    code, exit_status = "bad-ledger", DATA
    sentence = N_("{key} in the store cannot be read: {reason}.")
    next_step = N_("nothing was changed; update ngopi, or restore the object from history/.")


class FeedRefusedError(NgopiError):
    """The feed that would be published has errors."""

    code, exit_status = "feed-refused", DATA
    sentence = N_("The feed was not published, because clients would refuse it:\n{findings}")
    next_step = N_("mend what the lines name, then run: ngopi publish")


class PublishContendedError(NgopiError):
    """Others kept publishing in between."""

    code, exit_status = "contended", CONFLICT
    sentence = N_("Others are publishing at this moment; your change is not public yet.")
    next_step = N_("wait a minute, then run: ngopi publish")


class ServeFolderOnlyError(NgopiError):
    """There is nothing to preview in an S3 store."""

    code, exit_status = "not-a-folder", CONFIG
    sentence = N_("This show's store is {url}, not a folder on this machine.")
    next_step = N_("open {public_url}/feed.xml instead.")


class PortTakenError(NgopiError):
    """Something listens there already."""

    code, exit_status = "port-taken", CONFLICT
    sentence = N_("Port {port} cannot be used: {reason}.")
    next_step = N_("try another one: ngopi serve --port {other}")


class NoSuchCoverError(NgopiError):
    """A cover's path leads nowhere."""

    code, exit_status = "no-such-cover", MISSING
    sentence = N_("There is no cover {path}.")
    next_step = N_("check the name, or take the cover out of the file that names it.")


class CoverUnreadableError(NgopiError):
    """A cover is no JPEG or PNG, or a damaged one."""

    code, exit_status = "cover-unreadable", DATA
    sentence = N_("The cover {path} is not a picture in JPEG or PNG, or it is damaged.")
    next_step = N_("open it in a picture program and save it anew as JPEG.")


class CoverNotSquareError(NgopiError):
    """Podcast apps show squares."""

    code, exit_status = "cover-not-square", DATA
    sentence = N_("The cover {path} is not square: it has {width_px} by {height_px} pixels.")
    next_step = N_("crop it to a square, e.g. 3000 by 3000 pixels, and save it as JPEG.")


class CoverTooSmallError(NgopiError):
    """Fewer pixels than directories accept."""

    code, exit_status = "cover-too-small", DATA
    sentence = N_(
        "The cover {path} is too small: {width_px} by {width_px} pixels, "
        "and podcast directories want 1400 by 1400 at least."
    )
    next_step = N_(
        "use the original picture, 3000 by 3000 pixels if you can; "
        "enlarging a small one makes it blurred."
    )


class CoverTooLargeError(NgopiError):
    """More pixels than directories accept."""

    code, exit_status = "cover-too-large", DATA
    sentence = N_("The cover {path} is too large: it has more than 3000 by 3000 pixels.")
    next_step = N_("scale it down to 3000 by 3000 pixels and save it as JPEG.")


class CoverColourError(NgopiError):
    """A cover for the printing press, in grey or with a palette."""

    code, exit_status = "cover-colours", DATA
    sentence = N_("The colours of the cover {path} are stored as {colours}; apps need RGB.")
    next_step = N_(
        "open it in a picture program, choose RGB as its colour mode "
        "(often under Image > Mode) and save it as JPEG."
    )


class CoverExtensionError(NgopiError):
    """The name says one type, the content another."""

    code, exit_status = "cover-extension", DATA
    sentence = N_("The cover {path} is really {media_type}, which its name does not say.")
    next_step = N_("rename it so that it ends with {extension}, also where it is named.")


# -- stores -------------------------------------------------------------------------------


class StoreAddressError(NgopiError):
    """The [store] table names a place that cannot be."""

    code, exit_status = "bad-store-address", CONFIG
    sentence = N_('"{address}" is not the address of a store.')
    next_step = N_(
        'in ngopi.toml write [store] url = "file:public" for a folder, or url = '
        '"s3://BUCKET/FOLDER" and, where the store is not at Amazon, endpoint = "https://HOST".'
    )


class StoreSecretError(NgopiError):
    """A password or key stands in an address, where it would end up in git."""

    code, exit_status = "secret-in-store-address", CONFIG
    sentence = N_("The address of the store at {host} holds a password or an access key.")
    next_step = N_(
        "take it out of there and change it at your provider; keys belong into the file "
        "~/.aws/credentials or into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    )


class UnknownPresetError(NgopiError):
    """A provider that ngopi does not know by name."""

    code, exit_status = "unknown-store-preset", CONFIG
    sentence = N_('[store] preset = "{preset}" is no provider that ngopi knows.')
    next_step = N_(
        "choose one of {known}; for any other provider leave preset out and "
        'write its endpoint = "https://HOST".'
    )


class EndpointMissingError(NgopiError):
    """A preset whose web address only the person can complete."""

    code, exit_status = "no-store-endpoint", CONFIG
    sentence = N_('[store] preset = "{preset}" does not say by itself where your store is.')
    next_step = N_(
        'copy the endpoint from your provider into ngopi.toml, as in endpoint = "{example}", '
        "with your own names in place of those in braces."
    )


class StoreLinkError(NgopiError):
    """A link inside the public folder leads out of it."""

    code, exit_status = "store-link", CONFIG
    sentence = N_("{path} leads out of the public folder by a link.")
    next_step = N_("put a real folder in the link's place, or name another folder as the store.")


class StoreKeyError(NgopiError):
    """A key that is none of the places of a show: always a fault of ngopi."""

    code, exit_status = "bad-store-key", BUG
    sentence = N_('ngopi wanted to store "{key}", for which a show has no place.')
    next_step = N_("please report this with the command that you ran.")


class StoreUnreachableError(NgopiError):
    """No answer, a cut connection, or a store that says it is overloaded."""

    code, exit_status = "store-unreachable", UNAVAILABLE
    sentence = N_("The store at {address} did not answer {operation} {key} ({reason}).")
    next_step = N_(
        "check the connection and the endpoint in ngopi.toml, then run the command again: "
        "what is stored already is not sent twice."
    )


class NoSuchBucketError(NgopiError):
    """The bucket is not there."""

    code, exit_status = "no-such-bucket", UNAVAILABLE
    sentence = N_('The store at {address} has no bucket "{bucket}".')
    next_step = N_("make the bucket at your provider, or mend [store] url in ngopi.toml.")


class CredentialsMissingError(NgopiError):
    """No key was found where the AWS tools look for one."""

    code, exit_status = "no-credentials", REFUSED
    sentence = N_('There is no access key for the bucket "{bucket}" ({reason}).')
    next_step = N_(
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them into "
        "~/.aws/credentials and name their section with [store] profile in ngopi.toml."
    )


class CredentialsRefusedError(NgopiError):
    """A wrong key, or a right one that may not do this."""

    code, exit_status = "credentials-refused", REFUSED
    sentence = N_('The bucket "{bucket}" refused {operation} {key} ({reason}).')
    next_step = N_(
        "check the access key; it must be allowed {action} on {bucket}/{object}, and "
        "s3:ListBucket on {bucket}; then run the command again."
    )


class ClockSkewError(NgopiError):
    """Requests are signed with the time, and the machine's clock is off."""

    code, exit_status = "clock-skew", REFUSED
    sentence = N_("The store at {address} refused this machine's clock: it is some minutes off.")
    next_step = N_("set the clock of this machine (automatic time), then run the command again.")


class StoreReadError(NgopiError):
    """The store answered, but not with the object."""

    code, exit_status = "store-read", UNAVAILABLE
    sentence = N_("Could not read {key} from the store ({reason}).")
    next_step = N_("run the command again; if it stays so, look at the store itself.")


class StoreWriteError(NgopiError):
    """The store answered and refused to write."""

    code, exit_status = "store-write", UNAVAILABLE
    sentence = N_("Could not store {key}: {operation} failed ({reason}).")
    next_step = N_("run the command again; if it stays so, ask your provider about this answer.")


class ObjectMissingError(NgopiError):
    """An object that should be there is not."""

    code, exit_status = "object-missing", UNAVAILABLE
    sentence = N_("There is no {key} in the store.")
    next_step = N_("publish the episode again: what is missing is stored anew.")


class ObjectTakenError(NgopiError):
    """Something else lies under a key that never changes."""

    code, exit_status = "object-taken", DATA
    sentence = N_("{key} is in the store already, with other content; nothing was overwritten.")
    next_step = N_(
        "find out who else writes into this store; then remove that object by hand and "
        "run the command again."
    )


class SwapConflictError(NgopiError):
    """Somebody else changed the object first."""

    code, exit_status = "store-conflict", CONFLICT
    sentence = N_("Somebody else changed {key} in the store at the same moment.")
    next_step = N_("run the command again: it starts from what is there now.")


class StoreVerifyError(NgopiError):
    """What was read back is not what was sent."""

    code, exit_status = "store-verify", UNAVAILABLE
    sentence = N_("{key} arrived damaged in the store ({reason}).")
    next_step = N_("run the command again; if this happens every time, choose another store.")


class SourceChangedError(NgopiError):
    """A file is not the one that was measured and hashed before."""

    code, exit_status = "source-changed", DATA
    sentence = N_("{path} has changed since ngopi made it.")
    next_step = N_("make it again from the recording: ngopi ingest RECORDING --episode SLUG")


class SourceUnreadableError(NgopiError):
    """A file that should be stored cannot be read."""

    code, exit_status = "source-unreadable", MISSING
    sentence = N_("Could not read {path}: {reason}.")
    next_step = N_("put the file back, or make it again: ngopi ingest RECORDING --episode SLUG")


# -- feeds --------------------------------------------------------------------------------


class NoSuchFeedError(NgopiError):
    """The path leads nowhere."""

    code, exit_status = "no-such-feed", MISSING
    sentence = N_("There is no feed {path}.")
    next_step = N_("check the name; a feed on the web begins with https://.")


class FeedFileError(NgopiError):
    """The file is there but cannot be read."""

    code, exit_status = "feed-file", IO
    sentence = N_("Could not read the feed {path}: {reason}.")
    next_step = N_("allow reading the file, or copy it to where it can be read.")


class FeedAddressError(NgopiError):
    """Feeds come over https; http only from this machine."""

    code, exit_status = "feed-address", DATA
    sentence = N_("The feed's address {url} is not https.")
    next_step = N_("use an https address; http is for this machine only (localhost).")


class FeedUnreachableError(NgopiError):
    """Nobody answers, or with an error."""

    code, exit_status = "feed-unreachable", UNAVAILABLE
    sentence = N_("Could not fetch the feed {url}: {reason}.")
    next_step = N_("open the address in a browser; if it works there, run the command again.")


class FeedTooBigError(NgopiError):
    """No feed has that size: it is something else, or it would fill the memory."""

    code, exit_status = "feed-too-big", DATA
    sentence = N_("{source} is too big for a feed: more than {limit_mib} MiB.")
    next_step = N_("check that the address or name is that of the feed, not of a recording.")

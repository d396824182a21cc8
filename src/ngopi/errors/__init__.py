"""Every failure that ngopi knows, by the room where it happens; see `base.NgopiError`."""

from ngopi.errors.base import (
    BUG as BUG,
)
from ngopi.errors.base import (
    CONFIG as CONFIG,
)
from ngopi.errors.base import (
    CONFLICT as CONFLICT,
)
from ngopi.errors.base import (
    DATA as DATA,
)
from ngopi.errors.base import (
    INTERRUPTED as INTERRUPTED,
)
from ngopi.errors.base import (
    IO as IO,
)
from ngopi.errors.base import (
    MISSING as MISSING,
)
from ngopi.errors.base import (
    REFUSED as REFUSED,
)
from ngopi.errors.base import (
    UNAVAILABLE as UNAVAILABLE,
)
from ngopi.errors.base import (
    NgopiError as NgopiError,
)
from ngopi.errors.base import (
    _in_sentence as _in_sentence,
)
from ngopi.errors.feeds import (
    FeedAddressError as FeedAddressError,
)
from ngopi.errors.feeds import (
    FeedFileError as FeedFileError,
)
from ngopi.errors.feeds import (
    FeedNotYetError as FeedNotYetError,
)
from ngopi.errors.feeds import (
    FeedTooBigError as FeedTooBigError,
)
from ngopi.errors.feeds import (
    FeedUnreachableError as FeedUnreachableError,
)
from ngopi.errors.feeds import (
    NoSuchFeedError as NoSuchFeedError,
)
from ngopi.errors.publishing import (
    AloneError as AloneError,
)
from ngopi.errors.publishing import (
    AnotherShowError as AnotherShowError,
)
from ngopi.errors.publishing import (
    ApproverIsWriterError as ApproverIsWriterError,
)
from ngopi.errors.publishing import (
    AudioDeletedError as AudioDeletedError,
)
from ngopi.errors.publishing import (
    AudioGoneError as AudioGoneError,
)
from ngopi.errors.publishing import (
    ChangedApartError as ChangedApartError,
)
from ngopi.errors.publishing import (
    EpisodeClashError as EpisodeClashError,
)
from ngopi.errors.publishing import (
    FeedRefusedError as FeedRefusedError,
)
from ngopi.errors.publishing import (
    GoneNamedError as GoneNamedError,
)
from ngopi.errors.publishing import (
    GuidChangedError as GuidChangedError,
)
from ngopi.errors.publishing import (
    LedgerGoneError as LedgerGoneError,
)
from ngopi.errors.publishing import (
    LedgerUnreadableError as LedgerUnreadableError,
)
from ngopi.errors.publishing import (
    NgopiTooOldError as NgopiTooOldError,
)
from ngopi.errors.publishing import (
    NoCurveError as NoCurveError,
)
from ngopi.errors.publishing import (
    NoSuchHistoryError as NoSuchHistoryError,
)
from ngopi.errors.publishing import (
    NotApprovedError as NotApprovedError,
)
from ngopi.errors.publishing import (
    NothingPublicError as NothingPublicError,
)
from ngopi.errors.publishing import (
    NothingToApproveError as NothingToApproveError,
)
from ngopi.errors.publishing import (
    NotPublicError as NotPublicError,
)
from ngopi.errors.publishing import (
    NotRetractedError as NotRetractedError,
)
from ngopi.errors.publishing import (
    OutputEndingError as OutputEndingError,
)
from ngopi.errors.publishing import (
    OutputExistsError as OutputExistsError,
)
from ngopi.errors.publishing import (
    OutputFolderError as OutputFolderError,
)
from ngopi.errors.publishing import (
    OutputIsRecordingError as OutputIsRecordingError,
)
from ngopi.errors.publishing import (
    OutputKindError as OutputKindError,
)
from ngopi.errors.publishing import (
    PortTakenError as PortTakenError,
)
from ngopi.errors.publishing import (
    PublicServerDownError as PublicServerDownError,
)
from ngopi.errors.publishing import (
    PublicUrlError as PublicUrlError,
)
from ngopi.errors.publishing import (
    PublishContendedError as PublishContendedError,
)
from ngopi.errors.publishing import (
    ReleaseUnreadableError as ReleaseUnreadableError,
)
from ngopi.errors.publishing import (
    ServeFolderOnlyError as ServeFolderOnlyError,
)
from ngopi.errors.publishing import (
    ShowClashError as ShowClashError,
)
from ngopi.errors.publishing import (
    ShowGuidChangedError as ShowGuidChangedError,
)
from ngopi.errors.publishing import (
    SlugReusedError as SlugReusedError,
)
from ngopi.errors.publishing import (
    SlugTakenError as SlugTakenError,
)
from ngopi.errors.publishing import (
    SlugTakenHereError as SlugTakenHereError,
)
from ngopi.errors.publishing import (
    StoreEmptiedError as StoreEmptiedError,
)
from ngopi.errors.publishing import (
    StoreFolderGoneError as StoreFolderGoneError,
)
from ngopi.errors.publishing import (
    StorePutBackError as StorePutBackError,
)
from ngopi.errors.publishing import (
    UndoneMeanwhileError as UndoneMeanwhileError,
)
from ngopi.errors.publishing import (
    WriterMissingError as WriterMissingError,
)
from ngopi.errors.recordings import (
    BrokenSamplesError as BrokenSamplesError,
)
from ngopi.errors.recordings import (
    DamagedRecordingError as DamagedRecordingError,
)
from ngopi.errors.recordings import (
    EmptyRecordingError as EmptyRecordingError,
)
from ngopi.errors.recordings import (
    ExcerptError as ExcerptError,
)
from ngopi.errors.recordings import (
    FolderRecordingError as FolderRecordingError,
)
from ngopi.errors.recordings import (
    ForeignFormatError as ForeignFormatError,
)
from ngopi.errors.recordings import (
    JingleMissingError as JingleMissingError,
)
from ngopi.errors.recordings import (
    MasterIncompleteError as MasterIncompleteError,
)
from ngopi.errors.recordings import (
    MasterNotVerifiedError as MasterNotVerifiedError,
)
from ngopi.errors.recordings import (
    NoAudioError as NoAudioError,
)
from ngopi.errors.recordings import (
    NoSuchRecordingError as NoSuchRecordingError,
)
from ngopi.errors.recordings import (
    NotARecordingError as NotARecordingError,
)
from ngopi.errors.recordings import (
    NotReachableError as NotReachableError,
)
from ngopi.errors.recordings import (
    PackedRecordingError as PackedRecordingError,
)
from ngopi.errors.recordings import (
    ProjectFileError as ProjectFileError,
)
from ngopi.errors.recordings import (
    ProtectedRecordingError as ProtectedRecordingError,
)
from ngopi.errors.recordings import (
    RecordingChangedError as RecordingChangedError,
)
from ngopi.errors.recordings import (
    SilentJingleError as SilentJingleError,
)
from ngopi.errors.recordings import (
    SilentRecordingError as SilentRecordingError,
)
from ngopi.errors.recordings import (
    SpoolFullError as SpoolFullError,
)
from ngopi.errors.recordings import (
    TooHighSoundError as TooHighSoundError,
)
from ngopi.errors.recordings import (
    TooQuietRecordingError as TooQuietRecordingError,
)
from ngopi.errors.recordings import (
    TooShortRecordingError as TooShortRecordingError,
)
from ngopi.errors.recordings import (
    UnknownCodecError as UnknownCodecError,
)
from ngopi.errors.recordings import (
    UnreadableRecordingError as UnreadableRecordingError,
)
from ngopi.errors.runs import (
    DiskError as DiskError,
)
from ngopi.errors.runs import (
    LockedError as LockedError,
)
from ngopi.errors.runs import (
    StoppedError as StoppedError,
)
from ngopi.errors.shows import (
    AnswersInvalidError as AnswersInvalidError,
)
from ngopi.errors.shows import (
    CatalogueInvalidError as CatalogueInvalidError,
)
from ngopi.errors.shows import (
    ConfigInvalidError as ConfigInvalidError,
)
from ngopi.errors.shows import (
    CoverColourError as CoverColourError,
)
from ngopi.errors.shows import (
    CoverExtensionError as CoverExtensionError,
)
from ngopi.errors.shows import (
    CoverNotSquareError as CoverNotSquareError,
)
from ngopi.errors.shows import (
    CoverTooLargeError as CoverTooLargeError,
)
from ngopi.errors.shows import (
    CoverTooSmallError as CoverTooSmallError,
)
from ngopi.errors.shows import (
    CoverUnreadableError as CoverUnreadableError,
)
from ngopi.errors.shows import (
    DateInvalidError as DateInvalidError,
)
from ngopi.errors.shows import (
    FolderNotEmptyError as FolderNotEmptyError,
)
from ngopi.errors.shows import (
    LinkOutError as LinkOutError,
)
from ngopi.errors.shows import (
    MediaChangedError as MediaChangedError,
)
from ngopi.errors.shows import (
    MediaMissingError as MediaMissingError,
)
from ngopi.errors.shows import (
    NoFileError as NoFileError,
)
from ngopi.errors.shows import (
    NoShowError as NoShowError,
)
from ngopi.errors.shows import (
    NoSuchCoverError as NoSuchCoverError,
)
from ngopi.errors.shows import (
    NoSuchEpisodeError as NoSuchEpisodeError,
)
from ngopi.errors.shows import (
    NotesMissingError as NotesMissingError,
)
from ngopi.errors.shows import (
    NumberInvalidError as NumberInvalidError,
)
from ngopi.errors.shows import (
    OptionMissingError as OptionMissingError,
)
from ngopi.errors.shows import (
    PersonEmptyError as PersonEmptyError,
)
from ngopi.errors.shows import (
    RecordingKnownError as RecordingKnownError,
)
from ngopi.errors.shows import (
    RoleUnknownError as RoleUnknownError,
)
from ngopi.errors.shows import (
    ShowFolderMissingError as ShowFolderMissingError,
)
from ngopi.errors.shows import (
    SlugInvalidError as SlugInvalidError,
)
from ngopi.errors.shows import (
    TitleEmptyError as TitleEmptyError,
)
from ngopi.errors.sources import (
    CopyOfPartError as CopyOfPartError,
)
from ngopi.errors.sources import (
    NamedTwiceError as NamedTwiceError,
)
from ngopi.errors.sources import (
    NoSuchSoundError as NoSuchSoundError,
)
from ngopi.errors.sources import (
    NotTogetherError as NotTogetherError,
)
from ngopi.errors.sources import (
    OrderUnclearError as OrderUnclearError,
)
from ngopi.errors.sources import (
    OrderUnknownError as OrderUnknownError,
)
from ngopi.errors.sources import (
    PartsTogetherError as PartsTogetherError,
)
from ngopi.errors.sources import (
    TracksApartError as TracksApartError,
)
from ngopi.errors.stores import (
    ClockSkewError as ClockSkewError,
)
from ngopi.errors.stores import (
    CredentialsMissingError as CredentialsMissingError,
)
from ngopi.errors.stores import (
    CredentialsRefusedError as CredentialsRefusedError,
)
from ngopi.errors.stores import (
    EndpointMissingError as EndpointMissingError,
)
from ngopi.errors.stores import (
    NoSuchBucketError as NoSuchBucketError,
)
from ngopi.errors.stores import (
    ObjectMissingError as ObjectMissingError,
)
from ngopi.errors.stores import (
    ObjectTakenError as ObjectTakenError,
)
from ngopi.errors.stores import (
    ObjectTooBigError as ObjectTooBigError,
)
from ngopi.errors.stores import (
    SourceChangedError as SourceChangedError,
)
from ngopi.errors.stores import (
    SourceUnreadableError as SourceUnreadableError,
)
from ngopi.errors.stores import (
    StoreAddressError as StoreAddressError,
)
from ngopi.errors.stores import (
    StoreKeyError as StoreKeyError,
)
from ngopi.errors.stores import (
    StoreLinkError as StoreLinkError,
)
from ngopi.errors.stores import (
    StoreNoFolderError as StoreNoFolderError,
)
from ngopi.errors.stores import (
    StoreReadError as StoreReadError,
)
from ngopi.errors.stores import (
    StoreSecretError as StoreSecretError,
)
from ngopi.errors.stores import (
    StoreUnreachableError as StoreUnreachableError,
)
from ngopi.errors.stores import (
    StoreVerifyError as StoreVerifyError,
)
from ngopi.errors.stores import (
    StoreWriteError as StoreWriteError,
)
from ngopi.errors.stores import (
    SwapConflictError as SwapConflictError,
)
from ngopi.errors.stores import (
    UnknownPresetError as UnknownPresetError,
)

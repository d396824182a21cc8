"""What somebody did in an episode: the roles of the podcast taxonomy, and what people call them.

Source: podcasttaxonomy.com, version 1, as the podcast namespace's <podcast:person> takes it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ngopi.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ngopi.model import Person

_GROUPS = {
    "creative direction": (
        "director", "assistant director", "executive producer", "senior producer", "producer",
        "associate producer", "development producer", "creative director",
    ),
    "cast": (
        "host", "co-host", "guest host", "guest", "voice actor", "narrator", "announcer",
        "reporter",
    ),
    "writing": (
        "author", "editorial director", "co-writer", "writer", "songwriter", "guest writer",
        "story editor", "managing editor", "script editor", "script coordinator", "researcher",
        "editor", "fact checker", "translator", "transcriber", "logger",
    ),
    "audio production": (
        "studio coordinator", "technical director", "technical manager", "audio engineer",
        "remote recording engineer", "post production engineer",
    ),
    "audio post-production": (
        "audio editor", "sound designer", "foley artist", "composer", "theme music",
        "music production", "music contributor",
    ),
    "administration": (
        "production coordinator", "booking coordinator", "production assistant",
        "content manager", "marketing manager", "sales representative", "sales manager",
    ),
    "visuals": ("graphic designer", "cover art designer"),
    "community": ("social media manager",),
    "misc.": ("consultant", "intern"),
    "video production": (
        "camera operator", "lighting designer", "camera grip", "assistant camera",
    ),
    "video post-production": ("assistant editor",),
}  # fmt: skip
_GROUP_OF = {role: group for group, roles in _GROUPS.items() for role in roles}

# What Indonesian producers write, and what English ones do who never saw the taxonomy.
_CALLED = {
    "guest": (
        "tamu", "bintang tamu", "narasumber", "nara sumber", "pembicara", "panelis", "penanggap",
        "pakar", "ahli", "peserta", "speaker", "panelist", "expert", "interviewee",
        "resource person",
    ),
    "host": (
        "pembawa acara", "pemandu", "pemandu acara", "pewara", "mc", "moderator", "presenter",
        "pewawancara", "tuan rumah", "penyaji", "interviewer",
    ),
    "co-host": (
        "cohost", "pembawa acara pendamping", "pendamping pembawa acara", "pendamping",
        "wakil pembawa acara",
    ),
    "guest host": ("pembawa acara tamu",),
    "voice actor": ("pengisi suara", "aktor suara", "dubber"),
    "narrator": ("narator", "juru cerita", "pembaca"),
    "announcer": ("penyiar",),
    "reporter": ("wartawan", "jurnalis", "pewarta", "journalist"),
    "director": ("sutradara", "pengarah"),
    "assistant director": ("asisten sutradara",),
    "creative director": ("direktur kreatif", "pengarah kreatif"),
    "producer": ("produser",),
    "executive producer": ("produser eksekutif",),
    "senior producer": ("produser senior",),
    "associate producer": ("produser pendamping", "produser pelaksana", "asisten produser"),
    "author": ("pengarang",),
    "writer": ("penulis", "penulis naskah", "scriptwriter"),
    "co-writer": ("cowriter", "penulis pendamping"),
    "guest writer": ("penulis tamu",),
    "songwriter": ("penulis lagu", "pencipta lagu"),
    "editorial director": ("direktur redaksi",),
    "managing editor": ("pemimpin redaksi", "redaktur pelaksana", "redaktur utama"),
    "editor": ("penyunting", "redaktur"),
    "script editor": ("editor naskah", "penyunting naskah"),
    "researcher": ("peneliti", "periset", "riset"),
    "fact checker": ("pemeriksa fakta", "pengecek fakta"),
    "translator": ("penerjemah", "alih bahasa", "juru bahasa", "interpreter"),
    "transcriber": ("transkriptor", "penulis transkrip", "penyalin"),
    "studio coordinator": ("koordinator studio",),
    "technical director": ("direktur teknik",),
    "technical manager": ("manajer teknik",),
    "audio engineer": (
        "penata suara", "teknisi audio", "teknisi suara", "juru suara", "operator audio",
        "perekam", "sound engineer",
    ),
    "audio editor": ("editor audio", "editor suara", "penyunting audio", "penyunting suara"),
    "sound designer": ("perancang suara", "desainer suara", "penata bunyi"),
    "composer": ("komposer", "komponis", "penata musik"),
    "theme music": ("musik tema",),
    "production coordinator": ("koordinator produksi", "koordinator"),
    "production assistant": ("asisten produksi",),
    "content manager": ("manajer konten", "pengelola konten"),
    "marketing manager": ("manajer pemasaran",),
    "graphic designer": ("desainer grafis", "perancang grafis"),
    "cover art designer": ("desainer sampul", "perancang sampul"),
    "social media manager": (
        "manajer media sosial", "admin media sosial", "pengelola media sosial",
    ),
    "consultant": ("konsultan",),
    "intern": ("pemagang", "magang", "anak magang"),
    "camera operator": ("juru kamera", "kamerawan", "operator kamera"),
    "lighting designer": ("penata cahaya", "penata lampu"),
    "assistant camera": ("asisten kamera",),
    "assistant editor": ("asisten editor", "asisten penyunting"),
}  # fmt: skip


def _spelt(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.casefold()).strip()


_ROLE_OF = {_spelt(role): role for role in _GROUP_OF} | {
    _spelt(name): role for role, names in _CALLED.items() for name in names
}


def role_of(text: str) -> str | None:
    """Return the taxonomy's name of what people call *text*, in Indonesian or English."""
    return _ROLE_OF.get(_spelt(text))


def group_of(role: str) -> str:
    """Return the group that the taxonomy gives *role*, which is one of its own."""
    return _GROUP_OF[role]


def nearest_role(text: str) -> str:
    """Return the name that looks most like *text*: one of the taxonomy's or of the people's."""
    found = difflib.get_close_matches(_spelt(text)[:60], _ROLE_OF, n=1, cutoff=0.0)
    return found[0]


def with_roles(people: Iterable[Person]) -> tuple[tuple[Person, ...], list[str]]:
    """Return *people* with the taxonomy's roles, and a sentence for each role it has not."""
    known, unknown = [], []
    for person in people:
        role = role_of(person.role)
        if role is None:
            said = _(
                '"people" gives {name} the role "{role}", which no app knows; the nearest is {near}'
            )
            near = nearest_role(person.role)
            unknown.append(said.format(name=person.name, role=person.role, near=near))
        known.append(person if role is None else replace(person, role=role))
    return tuple(known), unknown

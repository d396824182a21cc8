"""Every order in which the store calls of several runs of ngopi can follow on each other.

The runs are real: each is a function of ngopi's own that gets a store. Whatever it asks of the
store is one step, and between two steps of a run any of the others may go on, however far; a run
may be left where it stands for ever, be killed there and started again, or lose the reply to a
write that landed. All states that can be reached that way are looked at once.

A run is a pure function of what its store has answered so far. So it is executed only once for
each list of answers: it waits for the next one, and where two answers are possible it is executed
once more up to there. The states themselves are walked without running anything.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from ngopi.errors import NgopiError, ObjectMissingError, SwapConflictError
from ngopi.model import ObjectHead
from ngopi.store.abilities import ABLE, Abilities
from ngopi.store.kinds import kind_of

if TYPE_CHECKING:
    from ngopi.store.source import Source

# A date to come, as a release says it.
AHEAD = b'"published":"2027-'
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LEDGER, FEED = "ledger.json", "feed.xml"
_STAMP = re.compile(rb"\n<!-- ngopi: state \d+ -->\n\Z")

# What a run asks: the method, the key, and what is written or expected.
Request = tuple[str, str, bytes | None, str | None]
Contents = tuple[tuple[str, bytes], ...]


class LeftError(BaseException):
    """A run is left where it stands, for the search is over; no Exception, which it might catch."""


class KilledError(BaseException):
    """A run was killed where it stood."""


KILLED = "killed"


class ScriptedStore:
    """A store whose calls are answered by *ask*, which gets a `Request`."""

    warnings: tuple[str, ...] = ()

    def __init__(self, ask: Callable[[Request], Any]) -> None:
        self._answer = ask

    def _ask(
        self, method: str, key: str, data: bytes | None = None, expected: str | None = None
    ) -> Any:
        answer = self._answer((method, key, data, expected))
        if isinstance(answer, tuple) and answer and answer[0] == "raise":
            raise answer[1](key=key)
        return answer

    def probe_abilities(self) -> Abilities:
        return ABLE

    def head(self, key: str) -> ObjectHead | None:
        return self._ask("head", key)

    def read(self, key: str) -> tuple[bytes, ObjectHead] | None:
        return self._ask("read", key)

    def chunks(self, key: str) -> Iterator[bytes]:
        found = self._ask("read", key)
        if found is None:
            raise ObjectMissingError(key=key)
        yield found[0]

    def add(
        self, key: str, path: Path, *, sha256: str, advance: Callable[[float], None]
    ) -> ObjectHead:
        del sha256, advance
        return self._ask("add", key, path.read_bytes())

    def add_all(
        self, sources: Sequence[Source], *, advance: Callable[[float], None]
    ) -> dict[str, ObjectHead]:
        return {s.key: self.add(s.key, s.path, sha256=s.sha256, advance=advance) for s in sources}

    def swap(self, key: str, data: bytes, *, expected: str | None) -> ObjectHead:
        return self._ask("swap", key, data, expected)

    def delete(self, key: str) -> None:
        self._ask("delete", key)

    def erase(self, key: str) -> None:
        self._ask("delete", key)

    def heads(self, prefix: str) -> Iterator[ObjectHead]:
        yield from self._ask("heads", prefix)


class Execution(threading.Thread):
    """One execution of a run, in a folder of its own; it waits for each answer."""

    def __init__(self, run: Run, folder: Path) -> None:
        super().__init__(daemon=True, name=run.name)
        self._run, self._folder = run, folder
        self._asked: SimpleQueue[Any] = SimpleQueue()
        self._answers: SimpleQueue[Any] = SimpleQueue()
        self.start()
        self.stands_at = self._asked.get()

    def go_on(self, answer: Any) -> Any:
        """Return what is asked next."""
        self._answers.put(answer)
        self.stands_at = self._asked.get()
        return self.stands_at

    def leave(self) -> None:
        if len(self.stands_at) != END:
            self._answers.put(LeftError)
        self.join()

    def run(self) -> None:
        _DRAWN.numbers = (f"{self.name} {number}" for number in itertools.count())
        call = self._run.prepare(self._folder)
        while True:
            try:
                end = ("done", call(ScriptedStore(self._ask)))
            except KilledError:
                continue  # run again, in the same folder
            except LeftError:
                return
            except NgopiError as error:
                end = ("failed", error.code)
            self._asked.put(end)
            return

    def _ask(self, request: Request) -> Any:
        self._asked.put(request)
        answer = self._answers.get()
        if answer is LeftError:
            raise LeftError
        if answer == KILLED:
            raise KilledError
        return answer


# What a run stands at is a request, or a pair that says how it ended.
END = 2
_DRAWN = threading.local()


def drawn_token(size: int) -> str:
    """Return what `secrets.token_hex` draws: the same in every execution of a run."""
    drawn = next(getattr(_DRAWN, "numbers", None) or iter(["before"]))
    return hashlib.sha256(drawn.encode()).hexdigest()[: 2 * size]


@dataclass(kw_only=True)
class Run:
    """A run of ngopi: *prepare* gets a folder and returns what gets a store.

    *folder* is copied for each execution. *kills*: how often it may be killed, and is begun again.
    *losses*: how many replies to its writes may be lost. *coarse*: the others go on only where it
    is about to swap or to delete. *broken* is a rule of the protocol that its store breaks.
    """

    name: str
    prepare: Callable[[Path], Callable[[Any], object]]
    folder: Path
    kills: int = 0
    losses: int = 0
    coarse: bool = False
    broken: str = ""
    executions: int = 0
    _nodes: list[Any] = field(default_factory=list)
    _paths: list[tuple[Any, ...]] = field(default_factory=list)
    _next: dict[tuple[int, Any], int] = field(default_factory=dict)
    _waiting: dict[int, Execution] = field(default_factory=dict)

    def begin(self) -> int:
        """Return the node of the run that has not been answered anything."""
        if not self._nodes:
            self._add((), self._executed(()))
        return 0

    def asks(self, node: int) -> Any:
        """Return what the run asks at *node*, or a pair of "done" or "failed" and its end."""
        return self._nodes[node]

    def goes_on(self, node: int, answer: Any) -> int:
        """Return the node that follows on *node* when it is answered so."""
        known = self._next.get((node, answer))
        if known is None:
            path = self._paths[node]
            execution = self._waiting.pop(node, None) or self._executed(path)
            execution.go_on(answer)
            known = self._next[node, answer] = self._add((*path, answer), execution)
        return known

    def leave(self) -> None:
        """End all executions that wait for an answer."""
        for execution in self._waiting.values():
            execution.leave()
        self._waiting.clear()

    def _add(self, path: tuple[Any, ...], execution: Execution) -> int:
        self._nodes.append(execution.stands_at)
        self._paths.append(path)
        node = len(self._nodes) - 1
        if len(execution.stands_at) != END:
            self._waiting[node] = execution
        return node

    def _executed(self, path: tuple[Any, ...]) -> Execution:
        self.executions += 1
        folder = self.folder.with_name(f"{self.folder.name}-{self.executions}")
        shutil.copytree(self.folder, folder, copy_function=os.link)
        execution = Execution(self, folder)
        for answer in path:
            execution.go_on(answer)
        return execution


# -- the store ------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """All contents of the store, by key, and what was asked of it last."""

    contents: Contents

    def get(self, key: str) -> bytes | None:
        return next((data for known, data in self.contents if known == key), None)

    def with_key(self, key: str, data: bytes | None) -> World:
        kept = [pair for pair in self.contents if pair[0] != key]
        if data is not None:
            kept.append((key, data))
        return World(contents=tuple(sorted(kept)))


def is_due(key: str, data: bytes) -> bool:
    """Say whether it is a release that is not ahead of its date, whose keys gc does not spare."""
    return key.startswith("releases/") and AHEAD not in data


def head_of(key: str, data: bytes, *, broken: str = "") -> ObjectHead:
    sha256 = hashlib.sha256(data).hexdigest()
    version = sha256
    if broken == "stamp" and key == FEED:  # as if the feed carried none
        version = hashlib.sha256(_STAMP.sub(b"", data)).hexdigest()
    return ObjectHead(
        key=key, size_bytes=len(data), sha256=sha256, version=version,
        media_type=kind_of(key).media_type, modified=LONG_AGO,
    )  # fmt: skip


def answers(world: World, request: Request, broken: str) -> tuple[World, Any]:
    """Return the world after *request*, and the answer to it."""
    method, key, data, expected = request
    there = world.get(key)
    if method == "heads":
        # Of all keys gc makes something of these only; so no other makes another run of it.
        seen = ("audio/", "covers/", "releases/") if key == "" else (key,)
        found = ((k, d) for k, d in world.contents if k.startswith(seen) and not is_due(k, d))
        return world, tuple(head_of(k, d, broken=broken) for k, d in found)
    if method == "head":
        return world, there and _lied_about(world, head_of(key, there, broken=broken), broken)
    if method == "read":
        if there is None:
            return world, None
        shown = _without_gone(there) if broken == "generation" and key == LEDGER else there
        return world, (shown, head_of(key, there, broken=broken))
    if method == "delete":
        return world.with_key(key, None), None
    if method == "add":
        assert data is not None
        assert there in (None, data), f"other bytes lie under {key}"
        return world.with_key(key, data), head_of(key, data, broken=broken)
    assert method == "swap"
    assert data is not None
    version = there and head_of(key, there, broken=broken).version
    if broken == "version" and key == LEDGER:  # swapped over whatever is there
        data, expected = _on_top_of(there, data), version
    if version != expected:
        return world, ("raise", SwapConflictError)
    if broken == "generation" and key == LEDGER:
        data = _with_gone_of(there, data)
    return world.with_key(key, data), head_of(key, data, broken=broken)


def _lied_about(world: World, head: ObjectHead, broken: str) -> ObjectHead:
    """Say of a lagging feed that it is the ledger's, where that rule is broken."""
    if broken in ("in line", "finishing") and head.key == FEED:
        ledger = world.get(LEDGER)
        assert ledger is not None
        return replace(head, sha256=json.loads(ledger)["feed"])
    return head


def _canonical(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _without_gone(ledger: bytes) -> bytes:
    document = json.loads(ledger)
    document.pop("gone", None)
    document["format"] = 2 if document.get("withdrawn") else 1
    return _canonical(document)


def _with_gone_of(old: bytes | None, new: bytes) -> bytes:
    gone = json.loads(old).get("gone", []) if old else []
    document = json.loads(new)
    gone = sorted({*gone, *document.get("gone", [])})
    return _canonical(document | {"gone": gone, "format": 2}) if gone else new


def _on_top_of(old: bytes | None, new: bytes) -> bytes:
    """Return *new*'s deletions on top of *old*, whatever that is by now."""
    if old is None:
        return new
    then, now = json.loads(old), json.loads(new)
    lists = {name: now[name] for name in ("gone", "withdrawn", "format") if name in now}
    return _canonical(then | lists | {"seq": then["seq"] + 1, "nonce": now["nonce"]})


# -- the search -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Stand:
    """How far one run has come: its node, what it was dealt, what its store holds back."""

    node: int
    kills: int
    losses: int
    held: str | None = None


State = tuple[World, tuple[Stand, ...]]


@dataclass(kw_only=True)
class Found:
    """What a search came to: *broken* are the violations, with the way to the first of each."""

    states: int = 0
    executions: int = 0
    ends: int = 0
    broken: dict[str, tuple[str, ...]] = field(default_factory=dict)


def search(
    world: World,
    runs: Sequence[Run],
    *,
    wrong: Callable[[World], Iterable[str]],
    wrong_at_end: Callable[[World, dict[str, Any]], Iterable[str]] = lambda _world, _ends: (),
    most_states: int = 2_000_000,
    stop_at_first: bool = False,
) -> Found:
    """Look at every state that *runs* can bring about; *wrong* names what is broken in one.

    *wrong_at_end* is asked where no run can go on, with the ends of all.
    """
    walk = _Walk(runs=runs, wrong=wrong, wrong_at_end=wrong_at_end)
    start = (world, tuple(Stand(run.begin(), run.kills, run.losses) for run in runs))
    walk.came_from[start] = None
    waiting = deque([start])
    while waiting and not (walk.found.broken and stop_at_first):
        state = waiting.pop()
        assert walk.found.states < most_states, "the search has become too large"
        for told, after in walk.looked_at(state):
            if after not in walk.came_from:
                walk.came_from[after] = (state, told)
                waiting.append(after)
    for run in runs:
        run.leave()
    walk.found.executions = sum(run.executions for run in runs)
    return walk.found


@dataclass(kw_only=True)
class _Walk:
    """What is known of the states that were come by so far, and how each was reached."""

    runs: Sequence[Run]
    wrong: Callable[[World], Iterable[str]]
    wrong_at_end: Callable[[World, dict[str, Any]], Iterable[str]]
    found: Found = field(default_factory=Found)
    came_from: dict[Any, tuple[Any, str] | None] = field(default_factory=dict)
    judged: dict[World, Sequence[str]] = field(default_factory=dict)

    def looked_at(self, state: State) -> list[tuple[str, State]]:
        """Judge *state*, and return what can follow on it."""
        self.found.states += 1
        world, stands = state
        if world not in self.judged:
            self.judged[world] = tuple(self.wrong(world))
        self._tell(state, self.judged[world])
        going = list(_steps(world, stands, self.runs))
        if not going:
            self.found.ends += 1
            ends = {run.name: run.asks(s.node) for run, s in zip(self.runs, stands, strict=True)}
            self._tell(state, self.wrong_at_end(world, ends))
        return going

    def _tell(self, state: State, said: Iterable[str]) -> None:
        for sentence in said:
            if sentence not in self.found.broken:
                self.found.broken[sentence] = _way(self.came_from, state)


def _way(came_from: dict[Any, tuple[Any, str] | None], state: Any) -> tuple[str, ...]:
    way = []
    while (step := came_from[state]) is not None:
        state, told = step
        way.append(told)
    return tuple(reversed(way))


def _steps(
    world: World, stands: tuple[Stand, ...], runs: Sequence[Run]
) -> Iterator[tuple[str, tuple[World, tuple[Stand, ...]]]]:
    """Yield all that can happen next."""
    for number, (run, stand) in enumerate(zip(runs, stands, strict=True)):
        asked = run.asks(stand.node)
        if len(asked) == END:
            continue
        for told, *reached in _moves(world, run, stand, asked):
            after, moved = _on_to_a_cue(run, *reached) if run.coarse else reached
            yield (
                f"{run.name}: {told}",
                (after, (*stands[:number], moved, *stands[number + 1 :])),
            )
        if _is_nobody_elses(asked):
            return  # it meets no other step: any order with the others comes to the same


def _on_to_a_cue(run: Run, world: World, stand: Stand) -> tuple[World, Stand]:
    """Return where a run comes by itself before it is about to do what others may meet."""
    while not _is_cue(run.asks(stand.node)):
        ((_told, world, stand),) = _moves(world, run, stand, run.asks(stand.node))
    return world, stand


def _is_cue(asked: Any) -> bool:
    """Say whether something is about to become public, or to be deleted, or all is over."""
    return (
        len(asked) == END or asked[0] == "delete" or asked[:2] in (("swap", LEDGER), ("swap", FEED))
    )


def _is_nobody_elses(request: Request) -> bool:
    """Say whether a step concerns what is never changed or deleted, and is named by its content."""
    method, key, data, _expected = request
    if method == "heads" or not key.startswith("releases/"):
        return False
    return data is None or is_due(key, data)  # those ahead of their date keep gc from deleting


def _moves(
    world: World, run: Run, stand: Stand, request: Request
) -> Iterator[tuple[str, World, Stand]]:
    told = f"{request[0]} {request[1]}"
    if run.broken == "version before ledger" and request[:2] == ("swap", FEED):
        if stand.held is None:  # the version is read only now
            data = world.get(FEED)
            version = "none" if data is None else head_of(FEED, data).version
            yield f"version of {FEED}", world, replace(stand, held=version)
            return
        request = (*request[:3], None if stand.held == "none" else stand.held)
    after, answer = answers(world, request, run.broken)
    yield told, after, replace(stand, node=run.goes_on(stand.node, answer), held=None)
    landed = request[0] not in ("head", "read", "heads") and after is not world
    if landed and stand.losses and request[1] in (LEDGER, FEED):
        # As boto3 tells it, which tries again by itself, and is refused by its own first try.
        node = run.goes_on(stand.node, ("raise", SwapConflictError))
        yield f"{told} (reply lost)", after, replace(stand, node=node, losses=stand.losses - 1)
    if landed and stand.kills and not _is_nobody_elses(request):
        # To be killed anywhere up to the next write comes to the same.
        dead = replace(stand, node=run.goes_on(stand.node, KILLED), kills=stand.kills - 1)
        yield f"{told}, and is killed", after, dead


def direct(world: World, call: Callable[[Any], object]) -> World:
    """Return the world after *call* alone, before a search begins."""

    def ask(request: Request) -> Any:
        nonlocal world
        world, answer = answers(world, request, "")
        return answer

    call(ScriptedStore(ask))
    return world

"""Reads CloudTrail's files from a bucket: every record once, in the order in which the files arrived.

Invariants:
- a file that cannot be read, or a record in it that is no JSON, is a gap and stops nothing;
- a place where no file of a trail stands is a gap too: most likely it is misspelt, and silence there says nothing about use;
- what a file unpacks to is bounded; digests and insights are no records of actions and are left alone;
- the cursor moves past a file with its last record, so that a reading that ends in the middle begins with that file again.
"""

from __future__ import annotations

import re
import zlib
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import msgspec

from remit.contracts.system import RawRecord
from remit.model.evidence import Gap, GapKind
from remit.model.place import Place
from remit.model.shown import printable
from remit.systems.aws.faults import CallError, gap
from remit.systems.aws.read import bodies
from remit.systems.aws.read.position import Position, Positions, Progress, TrailFile, positions_from, unread
from remit.systems.aws.read.trail_file import CHUNK_BYTES, TooLargeError, records_in, unpacked
from remit.systems.aws.session import Clients

_STREAM = re.compile(r"(.*/)?CloudTrail/[a-z0-9-]+/\Z")
_LEFT_ALONE = re.compile(r"(?:\A|/)CloudTrail-(?:Digest|Insight)/")
_DAY = re.compile(r"(\d{4}/\d\d/\d\d)/")
_LATEST = timedelta(days=7)
"""A file is delivered within a day or so. Once everything was read, the folders of days older than this before the newest are not listed
again; files that somebody puts there later are not seen."""
_MOST_REFUSALS = 20
"""Files of one stream that may be denied before the rest of it is left."""
_AT_ONCE = 8
_MOST_DEPTH = 24
_REST = ""
"""Name of the stream of all files that do not stand in CloudTrail's own layout."""
_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?\Z", re.DOTALL)


def address_of(trail: str) -> tuple[str, str] | None:
    """(bucket, prefix) of `s3://BUCKET/PREFIX`; None when it is none."""
    match = _ADDRESS.match(trail)
    return None if match is None else (match[1], match[2] or "")


class TrailReading:
    """One reading of a trail."""

    def __init__(self, clients: Clients, bucket: str, prefix: str) -> None:
        self._clients = clients
        self._bucket = bucket
        self._prefix = prefix
        self._others = 0
        self._others_in: list[str] = []
        self._has_streams = False
        self._unlisted = 0
        """Folders that could not be listed: what stands in them may have arrived before what is read now."""
        self._gaps: list[Gap] = []
        self._reached: dict[str, Position] = {}

    def read(self, cursor: str | None) -> Iterator[RawRecord | Gap]:
        """The records behind the cursor."""
        start = positions_from(cursor)
        self._reached = dict(start.streams)
        for stream in self._streams(self._prefix, 0):
            self._has_streams = True
            at = start.streams.get(stream)
            yield from self._stream(stream, self._dated(stream, at), at)
        # Files in folders of any other layout are one stream together: folders may be a day's each, and the cursor must stay small.
        found = [self._listed(folder, Delimiter="/") for folder in self._others_in]
        files = [] if None in found else [file for part in found for file in part or ()]
        yield from self._stream(_REST, files, start.streams.get(_REST), refused=self._unlisted)
        yield from self._drain_gaps()
        if not (self._has_streams or files or self._others or self._unlisted or None in found):
            yield self._nothing_there()
        if self._others:
            what = f"{self._others} objects under the prefix are not CloudTrail files (`.json.gz` or `.json`) and were not read"
            yield Gap(place=Place(self._place("")), kind=GapKind.UNSUPPORTED, what=what, is_file=False)

    def _stream(self, stream: str, files: list[TrailFile], at: Position | None, refused: int = 0) -> Iterator[RawRecord | Gap]:
        yield from self._drain_gaps()
        progress, waiting = unread(files, at)
        with closing(self._fetched(waiting)) as texts:
            yield from self._in_order(stream, files, waiting, texts, progress, refused)

    def _fetched(self, waiting: list[TrailFile]) -> Generator[Future[bytes], None, None]:
        """The texts of files, in order, a few of them fetched ahead."""
        pool = ThreadPoolExecutor(max_workers=_AT_ONCE)
        try:
            ahead = deque(pool.submit(self._text, file.key) for file in waiting[:_AT_ONCE])
            for number in range(len(waiting)):
                yield ahead.popleft()
                if number + _AT_ONCE < len(waiting):
                    ahead.append(pool.submit(self._text, waiting[number + _AT_ONCE].key))
        finally:
            pool.shutdown(cancel_futures=True)

    def _in_order(
        self,
        stream: str,
        files: list[TrailFile],
        waiting: list[TrailFile],
        texts: Iterator[Future[bytes]],
        progress: Progress,
        refused: int,
    ) -> Iterator[RawRecord | Gap]:
        for number, (file, text) in enumerate(zip(waiting, texts, strict=True)):
            before = _written(self._reached)
            position = progress.pass_by(file)
            if number == len(waiting) - 1 and (floor := _floor(stream, files)):
                position = progress.settle(floor)
            # INVARIANT (nothing lost): behind a file that could not be read the cursor stands still: the next reading tries it again.
            after = before if refused else _written({**self._reached, stream: position})
            try:
                yield from self._file(file.key, text, before, after)
            except CallError as error:
                yield gap(self._place(file.key), "the file was not read", error)
                if error.is_absent:
                    continue
                refused += 1
                if not error.is_denied or refused >= _MOST_REFUSALS:
                    rest = len(waiting) - number - 1
                    what = f"{rest} more files behind it were not read; the next scan tries again"
                    yield Gap(place=Place(self._place(stream)), kind=error.kind(), what=what)
                    return
                continue
            if not refused:
                self._reached[stream] = position

    def _nothing_there(self) -> Gap:
        what = "no file of CloudTrail is there: the prefix may be misspelt, or nothing was written yet; what is used is not known"
        return Gap(place=Place(self._place("")), kind=GapKind.NO_SUCH_PLACE, what=what)

    def _not_listed(self, prefix: str, error: CallError) -> Gap:
        if error.code == "NoSuchBucket":
            what = f"there is no bucket `{printable(self._bucket)}`, or not for this account: what is used is not known"
            return Gap(place=Place(self._place(prefix)), kind=GapKind.NO_SUCH_PLACE, what=what)
        return gap(self._place(prefix), "the trail's files cannot be listed", error)

    def _drain_gaps(self) -> list[Gap]:
        found, self._gaps = self._gaps, []
        return found

    def _place(self, key: str) -> str:
        return f"s3://{self._bucket}/{key or self._prefix}"

    def _streams(self, prefix: str, depth: int) -> Iterator[str]:
        """The folders of CloudTrail's own layout, one for each account and region; other folders with files are remembered."""
        if _LEFT_ALONE.search(prefix):
            return
        if _STREAM.match(prefix):
            yield prefix
            return
        has_files, folders = False, []
        try:
            for page in self._clients.pages("s3", "list_objects_v2", Bucket=self._bucket, Prefix=prefix, Delimiter="/"):
                has_files = has_files or bool(page.get("Contents"))
                folders += [folder["Prefix"] for folder in page.get("CommonPrefixes", ())]
        except CallError as error:
            self._gaps.append(self._not_listed(prefix, error))
            self._unlisted += 1
            return
        if has_files:
            self._others_in.append(prefix)
        if folders and depth >= _MOST_DEPTH:
            self._gaps.append(Gap(place=Place(self._place(prefix)), kind=GapKind.DEPTH, what="folders below this one were not read"))
            return
        for folder in folders:
            yield from self._streams(folder, depth + 1)

    def _dated(self, stream: str, at: Position | None) -> list[TrailFile]:
        arguments = {"StartAfter": at.floor} if at is not None and at.floor else {}
        return self._listed(stream, **arguments) or []

    def _listed(self, prefix: str, **arguments: str) -> list[TrailFile] | None:
        """The files under a prefix. None where not all of them could be seen: unseen ones may have arrived before those that were."""
        found: list[TrailFile] = []
        try:
            for page in self._clients.pages("s3", "list_objects_v2", Bucket=self._bucket, Prefix=prefix, **arguments):
                for item in page.get("Contents", ()):
                    self._sort_out(item, found)
        except CallError as error:
            self._gaps.append(self._not_listed(prefix, error))
            return None
        return found

    def _sort_out(self, item: Mapping[str, Any], found: list[TrailFile]) -> None:
        key = item["Key"]
        if key.endswith("/") or _LEFT_ALONE.search(key):
            return
        if not key.endswith((".json.gz", ".json")):
            self._others += 1
            return
        found.append(TrailFile(bodies.instant(item["LastModified"]) or "1970-01-01T00:00:00Z", key))

    def _file(self, key: str, fetched: Future[bytes], before: str, after: str) -> Iterator[RawRecord | Gap]:
        place = self._place(key)
        try:
            text = fetched.result()
        except TooLargeError as error:
            yield Gap(place=Place(place), kind=GapKind.TOO_LARGE, what=str(error))
            return
        except (zlib.error, EOFError) as error:
            yield Gap(place=Place(place), kind=GapKind.PARSE_ERROR, what=f"not a whole gzip file: {printable(str(error))}")
            return
        records, fault = records_in(text)
        for index, record in enumerate(records):
            is_last = index == len(records) - 1
            yield RawRecord(place=f"{place}#{index}", payload=record, cursor=after if is_last else before)
        if fault:
            yield Gap(place=Place(place), kind=GapKind.PARSE_ERROR, what=fault, is_file=not records)

    def _text(self, key: str) -> bytes:
        answer = self._clients.call("s3", "get_object", Bucket=self._bucket, Key=key)
        body = answer["Body"]
        try:
            return unpacked(iter(lambda: body.read(CHUNK_BYTES), b""), key)
        except (OSError, ValueError) as error:
            raise CallError("s3:GetObject", "unreachable", 0, f"the file broke off ({type(error).__name__})") from None
        except Exception as error:
            if type(error).__module__.partition(".")[0] in ("botocore", "urllib3"):
                raise CallError("s3:GetObject", "unreachable", 0, f"the file broke off ({type(error).__name__})") from None
            raise
        finally:
            body.close()


def _floor(stream: str, files: list[TrailFile]) -> str:
    """The key up to which a stream of CloudTrail's own layout is complete, if everything that was listed is read."""
    days = [found[1] for file in files if stream and (found := _DAY.match(file.key.removeprefix(stream)))]
    try:
        newest = datetime.strptime(max(days, default=""), "%Y/%m/%d")
    except ValueError:
        return ""
    return f"{stream}{newest - _LATEST:%Y/%m/%d}"


def _written(reached: Mapping[str, Position]) -> str:
    return msgspec.json.encode(Positions(streams=reached)).decode()

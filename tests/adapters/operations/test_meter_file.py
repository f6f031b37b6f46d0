"""The numbers of processes in files: read by prometheus-client itself, kept beyond a death, never in the way."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.parser import text_string_to_metric_families

from idp.adapters.operations import meter_file
from idp.adapters.operations.exposition import exposition
from idp.adapters.operations.meter_file import (
    MeterFiles,
    NoRoom,
    directory_of,
    forget,
    forget_the_dead,
)
from idp.core.cells import Cell, Merge
from idp.core.meters import Number
from idp.core.readings import Reading

COUNT = Cell(merge=Merge.COUNTER, family="a", name="a_total", labels=(("x", 'é"\\\n'),), description="A")
HELD = Cell(merge=Merge.SUM, family="held", name="held", labels=(), description="Held")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "meters"


@pytest.fixture
def files(directory: Path) -> Iterator[MeterFiles]:
    with closing(MeterFiles(directory)) as made:
        yield made


def number(files: MeterFiles, cell: Cell) -> Number:
    made = Number(cell)
    made.move(files.place)
    return made


def told(directory: Path, *readings: Reading) -> dict[str, float]:
    """By name; labels are not looked at."""
    text = exposition(directory, readings).decode()
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def in_a_process(act: Callable[[], None]) -> int:
    """Returns its number; it stays until it is killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        act()
        os.write(writer, b".")
        signal.pause()
        os._exit(0)
    assert os.read(reader, 1) == b"."
    os.close(reader)
    os.close(writer)
    return child


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def test_prometheus_client_reads_what_stands_there_and_finds_its_own_keys(
    directory: Path, files: MeterFiles
) -> None:
    """The tripwire of their file: private members of theirs, which tell whether the layout is still this one."""
    number(files, COUNT).add(3)
    path = directory / "counter_0.db"
    assert [(value, at % 8) for _key, value, _time, at in MmapedDict.read_all_values_from_file(path)] == [
        (3, 0)
    ]
    theirs = MmapedDict(str(path))
    (key,) = [key for key, _value, _time in theirs.read_all_values()]
    theirs.write_value(key, 5.0, 0.0)
    theirs.close()
    assert number(files, COUNT).value == 5


def test_counts_of_processes_are_summed_and_outlive_them(directory: Path, files: MeterFiles) -> None:
    def work() -> None:
        theirs = MeterFiles(directory)
        number(theirs, COUNT).add(2)
        number(theirs, HELD).set(4)

    others = [in_a_process(work), in_a_process(work)]
    number(files, COUNT).add()
    number(files, HELD).add()
    assert told(directory) == {"a_total": 5, "held": 9}
    for process in others:
        kill(process)
    # A gauge says what is now.
    assert told(directory) == {"a_total": 5, "held": 1}
    # The next one goes on counting where one ended: no more files than processes.
    later = in_a_process(work)
    assert told(directory) == {"a_total": 7, "held": 5}
    assert len(list(directory.glob("counter_*.db"))) == 3
    kill(later)


@pytest.mark.parametrize(
    "octets",
    [b"\xff" * 64, b"\x09\0\0\0" + bytes(60), b"\x10\0\0\0\0\0\0\0\xff\0\0\0" + bytes(60)],
    ids=["noise", "an odd length", "a key beyond the end"],
)
def test_a_damaged_file_is_begun_anew(directory: Path, octets: bytes) -> None:
    directory.mkdir(mode=0o700)
    (directory / "counter_0.db").write_bytes(octets)
    with closing(MeterFiles(directory)) as files:
        number(files, COUNT).add()
    assert told(directory) == {"a_total": 1}


def test_a_number_without_room_is_counted_and_not_told(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(meter_file._ROOM, Merge.COUNTER, 64)
    with closing(MeterFiles(directory)) as files:
        made = number(files, COUNT)
    made.add()
    assert (made.value, told(directory)) == (1, {})


def test_a_directory_that_is_not_ours_alone_is_not_used(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o777)
    (tmp_path / "theirs").chmod(0o777)
    directory.symlink_to(tmp_path / "theirs")
    (tmp_path / "file").touch()
    for path in (directory, tmp_path / "theirs", tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NoRoom, match=str(path)):
            MeterFiles(path)


def test_the_numbers_of_a_service_that_ended_go_with_it() -> None:
    MeterFiles(directory_of(0)).close()
    forget(0)
    assert not directory_of(0).exists()
    forget(0)


def test_those_of_services_that_were_killed_go_when_the_next_one_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    child = in_a_process(lambda: None)
    dead = directory_of(child)
    kill(child)
    ours = directory_of(os.getpid())
    # A process of the same number that began at another time is another one.
    before = ours.with_name(ours.name + "0")
    for directory in (dead, ours, before):
        MeterFiles(directory).close()
    (tmp_path / "caducee-meters-of-another-kind").mkdir()
    forget_the_dead(time.time())
    assert {path.name for path in tmp_path.iterdir()} == {ours.name, "caducee-meters-of-another-kind"}


def test_those_of_another_container_stay_while_one_of_its_processes_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(meter_file, "_here", lambda: "0" * 16)
    # Each of them calls its first process by the same number.
    lives, ended, new = (tmp_path / f"caducee-meters-{digit * 16}-1-7" for digit in "123")
    of_before = tmp_path / "caducee-meters-1"
    monkeypatch.setattr(meter_file, "_began", lambda _process: 7)
    assert directory_of(1) not in (lives, ended, new)
    held = MeterFiles(lives)
    for directory in (ended, new, of_before):
        MeterFiles(directory).close()
    long_ago = time.time() - 2 * 24 * 3600
    for directory in (lives, ended, of_before):
        for path in (*directory.iterdir(), directory):
            os.utime(path, (long_ago, long_ago))
    forget_the_dead(time.time())
    assert set(tmp_path.iterdir()) == {lives, new}
    held.close()


def test_readings_stand_beside_counts_and_are_parsed(directory: Path, files: MeterFiles) -> None:
    number(files, COUNT).add()
    labels = (("store", 'q"\\\n'),)
    found = told(directory, Reading(name="b", description="B", value=0.5, labels=labels))
    assert found == {"a_total": 1, "b": 0.5}

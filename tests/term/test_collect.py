"""What LMSs, browsers and students make of a notebook's name, for a class of thirty; nothing guessed silently, nothing lost."""

from __future__ import annotations

import os
import subprocess
import unicodedata
from datetime import UTC, datetime

import pytest
from commands import refused, typed
from oddities import (
    CHAPTER,
    SIZE,
    UNDERSTOOD,
    blackboard_zip,
    canvas_zip,
    content,
    everything,
    ident,
    people,
    put,
    zipped,
)

from autograder.course.roster import Student
from autograder.term.names import is_notebook_name, stem_of, told_by
from autograder.term.recognise import Roster
from autograder.term.times import read_timestamp, timestamp_text
from autograder.term.unpack import Budget, unpack


def files_in(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def words(sources) -> str:
    return " ".join(f"'{source}'" for source in sources)


def test_a_monday_s_downloads(klass, tmp_path):
    sources = everything(tmp_path / "downloads")
    downloads, before = files_in(tmp_path / "downloads"), files_in(klass.root)

    dry = typed(f"collect 1 {words(sources)} --dry-run", klass.root)
    assert files_in(klass.root) == before
    done = typed(f"collect 1 {words(sources)}", klass.root)
    assert dry.output.replace("nothing was done, this was --dry-run\n", "") == done.output
    assert done.exit_code == 1
    assert files_in(tmp_path / "downloads") == downloads
    assert max(map(len, done.stdout.partition(" new, ")[0].splitlines())) <= 80

    assert klass.students(CHAPTER) == sorted(ident(n) for n in UNDERSTOOD)
    for n in UNDERSTOOD:
        text = klass.submission(ident(n), CHAPTER).read_text(encoding="utf-8")
        latest = {8: "8 second", 14: "14 second"}.get(n, f"{n} " if n < 10 else str(n))
        assert f'"source": "{latest}"' in text
    assert len(list((klass.root / "earlier").glob(f"*/{CHAPTER}/001/{CHAPTER}.ipynb"))) == 2
    notes = klass.submitted_folder(ident(6), CHAPTER) / "digits" / "notes.txt"
    assert notes.read_text() == "mine"

    for told in (
        f"{len(UNDERSTOOD)} new, {SIZE - len(UNDERSTOOD)} missing, 2 late",
        "bomb.zip: holds too many files; nothing of it was taken",
        "../../cedardario_4009_909_evil.ipynb: its name points out of the archive",
        f"nobody_9999_999_{CHAPTER}.ipynb: nobody, number 9999, is not in roster.csv",
        f"_assignsubmission_file_/{CHAPTER}.ipynb: is called {CHAPTER}, and holds 02_gradients_and_activations",
        f"essay.docx: is no notebook, and there is none of {ident(13)} beside it",
        f"{ident(26)}/{CHAPTER}.ipynb: is no notebook, or a damaged one",
        "README.txt: nobody in roster.csv is called like it",
        "1 notebook of 02_gradients_and_activations, left for: course collect 02",
        "homework.ipynb: its name says nothing; by its cells it is 01_forward_pass",
        "forward pass FINAL.ipynb: its cells have lost their marks",
        "marked as late, not by how long",
        "7 not understood",
    ):
        assert told in done.output, told

    def at(n):
        return (klass.submitted_folder(ident(n), CHAPTER) / "timestamp.txt").read_text()

    assert at(15) == "2026-11-03 23:30:00.000000 UTC"  # Blackboard's time is the class's
    assert at(19) == "2026-11-01 09:00:00.000000 UTC"
    assert at(1) == "2026-11-02 22:59:01.000000 UTC"
    assert not (klass.submitted_folder(ident(0), CHAPTER) / "timestamp.txt").exists()

    again, stored = typed(f"collect 1 {words(sources)}", klass.root), files_in(klass.root)
    assert f"{len(UNDERSTOOD)} unchanged" in again.output
    put(tmp_path, {"second.zip": canvas_zip("now better")})
    changed = typed(f"collect 01 {tmp_path}/second.zip", klass.root)
    assert "1 changed" in changed.output
    assert "now better" in klass.submission(ident(0), CHAPTER).read_text()
    kept = files_in(klass.root)
    assert set(stored.values()) <= set(kept.values()) | {stored["collected.csv"]}
    typed(f"collect 01 {words(sources)}", klass.root)  # last week's download once more: what is newer stays
    assert files_in(klass.root) == kept


def test_an_older_hand_in_does_not_replace_a_newer_one(klass, tmp_path):
    put(tmp_path, {"b.zip": blackboard_zip()})
    assert typed(f"collect 1 {tmp_path}/b.zip", klass.root).exit_code == 0
    name = f"x_{ident(14)}_attempt_2026-10-30-10-00-00_{CHAPTER}.ipynb"
    put(tmp_path / "old", {name: content(CHAPTER, "14 still earlier")})
    done = typed(f"collect 1 {tmp_path}/old", klass.root)
    assert "1 older" in done.output
    assert "14 second" in klass.submission(ident(14), CHAPTER).read_text()
    assert any("still earlier" in p.read_text() for p in (klass.root / "earlier").rglob("*.ipynb"))


def test_two_notebooks_of_which_nothing_says_which_is_the_later(klass, tmp_path):
    put(
        tmp_path / "d",
        {
            f"{ident(3)}/a/{CHAPTER}.ipynb": content(CHAPTER, "a"),
            f"{ident(3)}/b/{CHAPTER}.ipynb": content(CHAPTER, "b"),
        },
    )
    refused(f"collect 1 {tmp_path}/d", klass.root, "nothing says which of them is the later one")
    assert klass.students(CHAPTER) == []


def test_what_lies_misplaced_in_submitted(klass):
    put(klass.root / "submitted" / ident(5), {f"01 Forward pass/{CHAPTER} (3).ipynb": content(CHAPTER, "5")})
    done = typed("collect 1 submitted", klass.root)
    assert done.exit_code == 0 and "1 new" in done.output, done.output
    assert klass.students(CHAPTER) == [ident(5)]


def test_file_times(klass, tmp_path):
    put(tmp_path / "d", {f"{ident(3)}.ipynb": content(CHAPTER, "3")})
    os.utime(tmp_path / "d" / f"{ident(3)}.ipynb", (1793620800, 1793620800))
    assert "count as in time" in typed(f"collect 1 {tmp_path}/d --dry-run", klass.root).output
    typed(f"collect 1 {tmp_path}/d --file-times", klass.root)
    told = (klass.submitted_folder(ident(3), CHAPTER) / "timestamp.txt").read_text()
    assert read_timestamp(told) == datetime.fromtimestamp(1793620800, UTC)


def test_clones_of_github_classroom(klass, tmp_path):
    lines = (klass.root / "roster.csv").read_text().splitlines()
    lines[1] = lines[1] + "forester7"
    (klass.root / "roster.csv").write_text("\n".join(lines) + "\n")
    clone = tmp_path / "clones" / "forward-pass-Forester7"
    put(clone, {f"release/{CHAPTER}/{CHAPTER}.ipynb": content(CHAPTER, "0")})
    who = ("-c", "user.name=x", "-c", "user.email=x@y")
    date = {"GIT_COMMITTER_DATE": "2026-11-01T12:00:00+01:00", "PATH": "/usr/bin:/bin"}
    for command in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "done")):
        subprocess.run(["git", "-C", str(clone), *command], check=True, env=date)
    for source in (tmp_path / "clones", clone):  # the folder of all clones, or one of them
        done = typed(f"collect 1 {source}", klass.root)
        assert done.exit_code == 0, done.output
        told = (klass.submitted_folder(ident(0), CHAPTER) / "timestamp.txt").read_text()
        assert told == "2026-11-01 11:00:00.000000 UTC"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("collect 1 nothing.zip", "there is no file or folder nothing.zip"),
        ("collect 9 .", "there is no chapter '9'"),
        ("collect 1 class.toml", "is in roster.csv"),
        ("collect 1", "Missing argument"),
    ],
)
def test_bad_input(klass, command, told):
    before = files_in(klass.root)
    done = typed(command, klass.root)
    assert done.exit_code and "Traceback" not in done.output
    assert told in done.output or "not understood" in done.output, done.output
    assert files_in(klass.root) == before


def test_a_class_without_a_roster(klass):
    (klass.root / "roster.csv").unlink()
    refused("collect 1 .", klass.root, "lists nobody")


def test_a_damaged_archive_and_one_in_too_many_others(klass, tmp_path):
    deep = zipped({f"{CHAPTER}.ipynb": content(CHAPTER, "3")})
    for _ in range(6):
        deep = zipped({f"{ident(3)}.zip": deep})
    put(tmp_path / "d", {"deep.zip": deep, "damaged.zip": b"PK\x03\x04 nothing"})
    done = typed(f"collect 1 {tmp_path}/d", klass.root)
    assert "is an archive in more than 3 others" in done.output
    assert "damaged.zip: is no zip archive" in done.output


def test_an_archive_that_unpacks_to_more_than_its_header_says(tmp_path):
    liar = bytearray(zipped({"a.txt": b"\0" * 5000}))
    at = liar.rindex(b"PK\x01\x02")
    liar[at + 24 : at + 28] = (10).to_bytes(4, "little")
    put(tmp_path, {"honest.zip": zipped({"a.txt": b"\0" * 5000}), "liar.zip": bytes(liar)})
    for name in ("honest.zip", "liar.zip"):
        taken, bad = unpack(tmp_path / name, (name,), tmp_path, Budget(4000, 10))
        assert not taken and len(bad) == 1
    assert (
        "unpacks to more than it may" in unpack(tmp_path / "honest.zip", ("h",), tmp_path, Budget(4000, 10))[1][0].why
    )


@pytest.mark.parametrize(
    ("name", "stem", "attempt"),
    [
        ("a.ipynb", "a", 0),
        ("a (2).ipynb", "a", 2),
        ("a.ipynb (2)", "a", 2),
        ("a(1).IPYNB", "a", 1),
        ("a-Copy3.ipynb", "a", 3),
        ("a copy.ipynb", "a", 1),
        ("Copy of a.ipynb", "a", 1),
        ("Kopie von a (1).ipynb.txt", "a", 2),
        ("a-1.ipynb", "a-1", 0),
    ],
)
def test_marks_of_copies(name, stem, attempt):
    assert is_notebook_name(name)
    assert stem_of(name) == (stem, attempt)


def test_canvas_own_mark_of_an_attempt():
    assert stem_of("a-2.ipynb", canvas=True) == ("a", 2)


@pytest.mark.parametrize(
    ("name", "lms", "file"),
    [
        ("birchana_LATE_12_34_my_file.ipynb", "Canvas", "my_file.ipynb"),
        ("Ana Birch_77_assignsubmission_file_", "Moodle", ""),
        ("Ana Birch_77_assignsubmission_file_a.ipynb", "Moodle", "a.ipynb"),
        ("A_title_ana_attempt_2026-11-01-10-00-00_a.ipynb", "Blackboard", "a.ipynb"),
        ("ana+01_x+2026-11-01 10:00:00.123 UTC+abc", "nbgrader's exchange", ""),
        ("Ana Birch - a.ipynb", "", "a.ipynb"),
    ],
)
def test_conventions(name, lms, file):
    told = told_by(name)
    assert (told.lms, told.file) == (lms, file)


def test_nobody_is_chosen_of_two():
    twins = [Student("a1", "Birch", "Ana", lms_id="1"), Student("a2", "Birch", "Ana", lms_id="2")]
    roster = Roster(twins, [CHAPTER])
    assert "are both called" in roster.owner(("Ana Birch - x.ipynb",)).why
    assert roster.owner(("birchana_2_9_x.ipynb",)).student == "a2"
    other = Roster([*twins, Student("b", "Cedar", "Bo", lms_id="3")], [CHAPTER])
    assert "its number 3 is b's" in other.owner(("birchana_3_9_x.ipynb",)).why


CLASS = [
    Student("s1", "Müller", "Jörg", "jmueller@uni.de", "101", "jmueller", "R1010"),
    Student("s2", "O'Brien", "Seán", "sobrien@uni.de", "102"),
    Student("s3", "Smith", "Anna", "asmith@uni.de", "103", "asmith"),
    Student("s4", "Smith", "Anna", "asmith2@uni.de", "104", "asmith2"),
    Student("s5", "van der Berg", "Jan-Willem", "jwberg@uni.de", "105"),
    Student("s6", "李", "明", "lm@uni.de", "106"),
    Student("s8", "Đorđević", "Łukasz", "ld@uni.de", "108"),
    Student("s9", "Straße", "Øystein", "os@uni.de", "109"),
]
BRIGHTSPACE = "12345-678910 - Jörg Müller - Nov 1, 2026 1103 AM"


@pytest.mark.parametrize(
    ("name", "student"),
    [
        (unicodedata.normalize("NFD", "müllerjörg_101_9_x.ipynb"), "s1"),
        ("muellerjoerg_77_9_x-1.ipynb", "s1"),
        ("smithanna_LATE_104_9_x.ipynb", "s4"),
        ("vanderbergjanwillem_105_9_x.ipynb", "s5"),
        ("đorđevićłukasz_108_9_x.ipynb", "s8"),
        ("strasseoystein_77_9_x.ipynb", "s9"),
        ("Müller, Jörg_7_assignsubmission_file/x.ipynb", "s1"),
        ("Group A_Jörg Müller_7_assignsubmission_file_/x.ipynb", "s1"),
        ("Seán O_Brien_7_assignsubmission_file_/x.ipynb", "s2"),
        ("明 李_7_assignsubmission_file_/x.ipynb", "s6"),
        ("Anna Smith_7_assignsubmission_file_/x.ipynb", ""),
        ("Participant_7_assignsubmission_file_/x.ipynb", ""),
        ("Copy of x - Jörg Müller.ipynb", "s1"),
        (f"{BRIGHTSPACE}/x.ipynb", "s1"),
        (f"{BRIGHTSPACE} - x.ipynb", "s1"),
        ("Müller, Jörg(jmueller)/Submission attachment(s)/x.ipynb", "s1"),
        ("Müller_Jörg_jmueller_12345/x.ipynb", "s1"),
        ("Smith_Anna_asmith2_12345/x.ipynb", "s4"),
        ("forward-pass-jmueller/x.ipynb", "s1"),
        ("J%C3%B6rg%20M%C3%BCller%20-%20x.ipynb", "s1"),
        ("x_final_v2_jmueller.ipynb", "s1"),
        ("x_by jmueller and asmith.ipynb", ""),
        ("Smith_Anna_asmith2_12345/jmueller.ipynb", ""),
        ("all of jmueller's section.zip/asmith2.ipynb", "s4"),
        ("all of jmueller's section.zip/müllerjörg_101_9_x.ipynb", "s1"),
        ("hw_jmueller_final.zip/x.ipynb", "s1"),
        ("x_2026-11-01_101.ipynb", ""),
        ("x_Smith.ipynb", ""),
    ],
)
def test_whose_it_is(name, student):
    owner = Roster(CLASS, [CHAPTER]).owner(tuple(name.split("/")))
    assert owner.student == student, owner


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("Nov 1, 2026 1103 AM", "2026-11-01T11:03:00"),
        ("Nov. 1, 2026 11:03PM", "2026-11-01T23:03:00"),
        ("1 November, 2026 9:03", "2026-11-01T09:03:00"),
        ("1 Novembre, 2026 9:03", ""),
    ],
)
def test_when_brightspace_says_it_was(at, told):
    found = told_by(f"1-2 - Ana Birch - {at}")
    assert (found.lms, found.who, found.at) == ("Brightspace", ("Ana Birch",), told)


def test_other_names_of_notebooks(klass, tmp_path):
    """By what is in it; by a folder's number; with the time that Brightspace tells; what was a guess is said."""
    first, last, _, login = people()[1]
    put(
        tmp_path / "d",
        {
            f"{people()[0][3]}/notes.txt": content(CHAPTER, "0"),
            f"{first} {last}/Version 1/x.ipynb": content(CHAPTER, "1 first"),
            f"{first} {last}/Version 2/x.ipynb": content(CHAPTER, "1 second"),
            f"1-2 - {' '.join(people()[2][:2])} - Nov 1, 2026 1103 AM/{CHAPTER}.ipynb": content(CHAPTER, "2"),
            "index.html": "<html>",
            f"{ident(4)}.ipynb": content(CHAPTER, "4").encode("utf-8-sig"),
            f"{ident(5)}.ipynb.txt": content(CHAPTER, "5").encode("utf-16"),
            f"hw_{' '.join(people()[3][:2])}_final/%C3%BCbung%20{CHAPTER}.ipynb": zipped(
                {f"{CHAPTER}.ipynb": content(CHAPTER, "3")}
            ),
        },
    )
    done = typed(f"collect 1 {tmp_path}/d", klass.root)
    assert done.exit_code == 0 and "6 new" in done.output, done.output
    for n in (4, 5):
        assert klass.submission(ident(n), CHAPTER).read_bytes().startswith(b"{")
    assert "6 unchanged" in typed(f"collect 1 {tmp_path}/d", klass.root).output
    assert "1 second" in klass.submission(login, CHAPTER).read_text()
    told = (klass.submitted_folder(ident(2), CHAPTER) / "timestamp.txt").read_text()
    assert told == "2026-11-01 10:03:00.000000 UTC"
    assert "for “dario birch” stands in its name" in done.output


def test_the_outer_name_counts():
    roster = Roster([Student(login, last, first, lms_id=n) for first, last, n, login in people()], [CHAPTER])
    first, last, number, login = people()[0]
    assert roster.owner((f"{last}{first}_{number}_9_x.zip".lower(), ident(1), "x.ipynb")).student == login


def test_a_name_that_would_act_on_a_terminal(klass, tmp_path):
    put(
        tmp_path, {"d.zip": zipped({f"\x1b]0;gone\x07{CHAPTER}.ipynb": content(CHAPTER, "?"), "../\x1b[2J.ipynb": "x"})}
    )
    done = typed(f"collect 1 {tmp_path}/d.zip", klass.root)
    assert done.exit_code == 1 and f"?]0;gone?{CHAPTER}.ipynb" in done.output and "\x1b" not in done.output


def test_times():
    at = datetime(2026, 11, 1, 10, 0, 0, 5, tzinfo=UTC)
    assert read_timestamp(timestamp_text(at)) == at
    assert read_timestamp("2026-11-01 11:00:00 Europe/Vienna") == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert read_timestamp("2026-11-01 11:00:00 +0100") == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert read_timestamp("2026-11-01T11:00:00+01:00") == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert read_timestamp("yesterday") is None

"""Differences of native states, laid out for reading: nothing that differs is left out."""

from __future__ import annotations

import json

from remit.app.views.native_text import laid_out

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::a/*"}],
}


def test_a_document_that_is_laid_out_otherwise_and_says_the_same_has_no_difference():
    assert laid_out("iam:PutRolePolicy", json.dumps(POLICY), json.dumps(POLICY, indent=4)) == []


def test_only_the_lines_that_change_are_marked():
    changed = json.loads(json.dumps(POLICY))
    changed["Statement"][0]["Action"] = ["s3:GetObject", "s3:PutObject"]
    lines = laid_out("iam:PutRolePolicy", json.dumps(POLICY), json.dumps(changed))
    assert [line for line in lines if line[0] == "-"] == ['-       "Action": ["s3:GetObject"],']
    assert [line for line in lines if line[0] == "+"] == ['+       "Action": ["s3:GetObject", "s3:PutObject"],']


def test_a_document_that_is_new_or_gone_is_shown_whole():
    for mark, lines in (("+", laid_out("x", None, json.dumps(POLICY))), ("-", laid_out("x", json.dumps(POLICY), None))):
        assert {line[0] for line in lines} == {mark}
        assert json.loads("".join(line[2:] for line in lines)) == POLICY


def test_privileges_are_words_with_who_granted_them():
    before = [
        ["", "delete", "owner", False],
        ["", "insert", "owner", True],
        ["salary", "select", "owner", False],
        ["", "update", "owner", False],
    ]
    after = [["", "insert", "owner", True]]
    assert laid_out("PRIVILEGES", json.dumps(before), json.dumps(after)) == [
        "- delete, update, by owner",
        "- select of column salary, by owner",
        "  insert, by owner, with grant option",
    ]


def test_a_membership_says_its_options():
    assert laid_out("MEMBERSHIP", '[["dba",true,false,true]]', "[]") == ["- member, by dba, inherits, admin option"]


def test_rows_and_texts_that_are_not_known_are_shown_as_they_are():
    assert laid_out("OTHER", '[["a",1]]', '[["b",null]]') == ["- a 1", "+ b null"]
    assert laid_out("LOGIN", "may log in", "may not log in") == ["- may log in", "+ may not log in"]

"""Syslog messages as RFC 5424 and PS3.15 A.6 want them, framed as RFC 5425."""

import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from leadapron.guard.audit import syslog

WHEN = datetime(2026, 11, 24, 9, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=1)))
HEADER = re.compile(
    rb"<(\d{1,3})>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [!-~]{1,255} [!-~]{1,48} [!-~]{1,128} [!-~]{1,32}"
    rb' \[meta sequenceId="([1-9]\d*)"\] \xef\xbb\xbf'
)


def test_message_and_frame() -> None:
    constant = syslog.Origin("gw1", "leadapron-guard", "77").constant()
    message = syslog.message(constant, syslog.Severity.NOTICE, WHEN, 0, b"<AuditMessage/>")
    assert message == (
        b"<85>1 2026-11-24T08:30:00.250Z gw1 leadapron-guard 77 DICOM+RFC3881"
        b' [meta sequenceId="1"] \xef\xbb\xbf<AuditMessage/>'
    )
    assert syslog.frame(message) == str(len(message)).encode() + b" " + message


@given(st.text(max_size=400), st.text(max_size=400), st.integers(0, 2**40), st.binary(max_size=40))
def test_any_origin_makes_a_header_that_can_be_read(host: str, application: str, number: int, body: bytes) -> None:
    constant = syslog.Origin(host, application, "1", syslog.FHIR_ID).constant()
    message = syslog.message(constant, syslog.Severity.WARNING, datetime.now(UTC), number, body)
    match = HEADER.match(message)
    assert match
    assert match[1] == b"84"
    assert 1 <= int(match[2]) <= syslog.LAST_SEQUENCE
    assert message[match.end() :] == body


def test_sequence_begins_again_after_its_last() -> None:
    last = syslog.message("", syslog.Severity.NOTICE, WHEN, syslog.LAST_SEQUENCE - 1, b"")
    following = syslog.message("", syslog.Severity.NOTICE, WHEN, syslog.LAST_SEQUENCE, b"")
    assert b'sequenceId="2147483647"' in last
    assert b'sequenceId="1"' in following

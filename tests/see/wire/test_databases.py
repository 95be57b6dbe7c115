import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import Anomaly, BannerSession
from leadapron.see.wire.dissector import Dissector, Match
from leadapron.see.wire.mongodb import MongodbDissector
from leadapron.see.wire.mssql import MssqlDissector
from leadapron.see.wire.mysql import MysqlDissector
from leadapron.see.wire.oracle import OracleDissector
from leadapron.see.wire.postgresql import PostgresqlDissector
from leadapron.see.wire.redis import RedisDissector
from tests.see.wire.hostile import Script, check_stream, encoded, recognises_foreign, scripts
from tests.see.wire.playbook import CLIENT, SERVER, play


def session_of(dissector: type[Dissector], script: Script) -> BannerSession:
    [session] = play(dissector, script)
    assert isinstance(session, BannerSession)
    assert session.service is dissector.service
    return session


# ---------------------------------------------------------------- PostgreSQL
def pg(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def pg_startup(code: int, body: bytes = b"") -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + code.to_bytes(4, "big") + body


STARTUP = pg_startup(196608, b"user\0canary-user\0database\0canary-db\0\0")
PG_TLS_ASKED = (CLIENT, pg_startup(80877103))
PG_PASSWORD: Script = [
    PG_TLS_ASKED,
    (SERVER, b"N"),
    (CLIENT, STARTUP),
    (SERVER, pg(b"R", b"\0\0\0\3")),
    (CLIENT, pg(b"p", b"canary-secret\0")),
    (SERVER, pg(b"R", bytes(4)) + pg(b"S", b"server_version\x0015.4\0") + pg(b"Z", b"I")),
    (CLIENT, pg(b"Q", b"select 'canary'\0")),
]
PG_TRUST: Script = [(CLIENT, STARTUP), (SERVER, pg(b"R", bytes(4)) + pg(b"Z", b"I"))]


def test_postgresql_password_in_clear_is_seen_but_not_kept() -> None:
    session = session_of(PostgresqlDissector, PG_PASSWORD)
    assert session.server_banner == "PostgreSQL 15.4"
    assert session.security == "password"
    assert session.login_seen
    assert session.login_accepted
    assert not session.encrypted
    assert b"canary" not in encoded([session])


def test_postgresql_that_trusts_everybody() -> None:
    session = session_of(PostgresqlDissector, PG_TRUST)
    assert (session.security, session.login_seen, session.login_accepted) == ("trust", False, True)


def test_postgresql_scram_sends_no_password() -> None:
    script: Script = [
        (CLIENT, STARTUP),
        (SERVER, pg(b"R", b"\0\0\0\x0aSCRAM-SHA-256\0\0")),
        (CLIENT, pg(b"p", b"x")),
    ]
    session = session_of(PostgresqlDissector, script)
    assert (session.security, session.login_seen, session.login_accepted) == ("scram", False, False)


def test_postgresql_over_tls() -> None:
    script: Script = [PG_TLS_ASKED, (SERVER, b"S"), (CLIENT, b"\x16\x03\x01\x00\x10")]
    assert session_of(PostgresqlDissector, script).encrypted


# ---------------------------------------------------------------- MySQL
def my(sequence: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes((sequence,)) + body


def my_greeting(version: bytes, plugin: bytes = b"caching_sha2_password") -> bytes:
    head = b"\x0a" + version + b"\0" + b"\1\0\0\0" + b"ABCDEFGH" + b"\0"
    return my(0, head + b"\xff\xff\xff\x02\0\xff\xdf\x15" + bytes(10) + b"IJKLMNOPQRST\0" + plugin + b"\0")


MY_LOGIN: Script = [
    (SERVER, my_greeting(b"8.0.36")),
    (CLIENT, my(1, b"\x85\xa6\xff\x19" + bytes(28) + b"canary-user\0" + b"\x20" + bytes(32))),
    (SERVER, my(2, b"\xfemysql_clear_password\0")),
    (CLIENT, my(3, b"canary-secret\0")),
    (SERVER, my(4, b"\0\0\0\2\0\0\0")),
]


def test_mysql_password_in_clear_is_seen_but_not_kept() -> None:
    session = session_of(MysqlDissector, MY_LOGIN)
    assert session.server_banner == "MySQL 8.0.36"
    assert session.security == "mysql_clear_password"
    assert session.login_seen
    assert session.login_accepted
    assert b"canary" not in encoded([session])


def test_mysql_over_tls() -> None:
    tls = my(1, b"\x85\xae\xff\x19" + bytes(28))
    session = session_of(MysqlDissector, [MY_LOGIN[0], (CLIENT, tls + b"\x16\x03\x01")])
    assert session.encrypted
    assert session.security == "caching_sha2_password"


def test_mariadb_tells_its_own_version_behind_that_for_replicas() -> None:
    greeting = my_greeting(b"5.5.5-10.11.6-MariaDB-0+deb12u1", b"mysql_native_password")
    assert session_of(MysqlDissector, [(SERVER, greeting)]).server_banner == "MariaDB 10.11.6-MariaDB-0+deb12u1"


# ---------------------------------------------------------------- SQL Server
def tds(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBHHBB", kind, 1, 8 + len(body), 0, 1, 0) + body


def prelogin(encryption: int) -> bytes:
    return struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF) + bytes((15, 0, 0x07, 0xD0, 0, 0, encryption))


MS_CLEAR: Script = [
    (CLIENT, tds(0x12, prelogin(2))),
    (SERVER, tds(0x04, prelogin(2))),
    (CLIENT, tds(0x10, bytes(94) + "canary-user".encode("utf-16-le"))),
    (SERVER, tds(0x04, b"\xab\x02\0ok\xad\x36\0\1")),
]


def test_mssql_log_in_without_encryption() -> None:
    session = session_of(MssqlDissector, MS_CLEAR)
    assert session.server_banner == "Microsoft SQL Server 15.0.2000"
    assert session.security == "not-supported"
    assert session.login_seen
    assert session.login_accepted
    assert b"c\0a\0n\0a\0r\0y" not in encoded([session])


@pytest.mark.parametrize(
    ("mode", "name", "encrypts"), [(0, "login-only", False), (1, "on", True), (3, "required", True)]
)
def test_mssql_encryption(mode: int, name: str, encrypts: bool) -> None:
    session = session_of(MssqlDissector, [MS_CLEAR[0], (SERVER, tds(0x04, prelogin(mode)))])
    assert (session.security, session.encrypted, session.login_seen) == (name, encrypts, False)


# ---------------------------------------------------------------- Oracle
def tns(kind: int, body: bytes) -> bytes:
    return struct.pack(">HHBBH", 8 + len(body), 0, kind, 0, 0) + body


ORACLE: Script = [
    (CLIENT, tns(1, b"\x01\x39\x01\x2c" + bytes(46) + b"(DESCRIPTION=(CONNECT_DATA=(SID=canary)(USER=canary)))")),
    (SERVER, tns(4, b"\0\0\0\x50(DESCRIPTION=(TMP=)(VSNNUM=186647552)(ERR=1153))")),
]


def test_oracle_listener_tells_its_version() -> None:
    session = session_of(OracleDissector, ORACLE)
    assert session.server_banner == "Oracle 11.2.0.4"
    assert b"canary" not in encoded([session])


def test_oracle_accepts() -> None:
    assert (
        session_of(OracleDissector, [ORACLE[0], (SERVER, tns(2, b"\x01\x3a" + bytes(22)))]).server_banner
        == "Oracle TNS 314"
    )


# ---------------------------------------------------------------- MongoDB
def mongo(document: bytes, answers: int = 0) -> bytes:
    body = bytes(5) + (len(document) + 5).to_bytes(4, "little") + document + b"\0"
    return struct.pack("<IIII", 16 + len(body), 1, answers, 2013) + body


OK_TRUE = b"\x01ok\0" + struct.pack("<d", 1.0)
OK_FALSE = b"\x01ok\0" + bytes(8)
MONGO_OPEN: Script = [
    (CLIENT, mongo(b"\x10hello\0\1\0\0\0")),
    (SERVER, mongo(b"\x02version\0\x06\0\0\x006.0.5\0" + OK_TRUE, 1)),
    (CLIENT, mongo(b"\x02find\0\x07\0\0\0canary\0")),
    (SERVER, mongo(b"\x03cursor\0\x05\0\0\0\0" + OK_TRUE, 2)),
]
MONGO_LOGIN: Script = [
    (CLIENT, mongo(b"\x10saslStart\0\1\0\0\0\x02mechanism\0\x0e\0\0\0SCRAM-SHA-256\0")),
    (SERVER, mongo(b"\x08done\0\0" + OK_TRUE, 1)),
    (CLIENT, mongo(b"\x10saslContinue\0\1\0\0\0")),
    (SERVER, mongo(b"\x08done\0\1" + OK_TRUE, 2)),
]


def test_mongodb_that_answers_everybody() -> None:
    session = session_of(MongodbDissector, MONGO_OPEN)
    assert (session.security, session.server_banner) == ("none", "MongoDB 6.0.5")
    assert b"canary" not in encoded([session])


def test_mongodb_with_a_log_in() -> None:
    session = session_of(MongodbDissector, MONGO_LOGIN)
    assert (session.security, session.login_seen, session.login_accepted) == ("scram-sha-256", False, True)


def test_mongodb_that_refuses() -> None:
    script: Script = [MONGO_OPEN[2], (SERVER, mongo(OK_FALSE + b"\x02errmsg\0\x02\0\0\0x\0", 1))]
    assert session_of(MongodbDissector, script).security == ""


# ---------------------------------------------------------------- Redis
REDIS_OPEN: Script = [
    (CLIENT, b"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nINFO\r\n"),
    (SERVER, b"+PONG\r\n$32\r\n# Server\r\nredis_version:7.0.15\r\n\r\n"),
    (CLIENT, b"*3\r\n$3\r\nSET\r\n$6\r\ncanary\r\n$9\r\ncanary-42\r\n"),
    (SERVER, b"+OK\r\n"),
]
REDIS_LOGIN: Script = [
    (CLIENT, b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n"),
    (SERVER, b"-NOAUTH Authentication required.\r\n"),
    (CLIENT, b"*2\r\n$4\r\nAUTH\r\n$13\r\ncanary-secret\r\n"),
    (SERVER, b"+OK\r\n"),
]


def test_redis_that_answers_everybody() -> None:
    session = session_of(RedisDissector, REDIS_OPEN)
    assert (session.security, session.login_seen) == ("none", False)
    assert session.server_banner == "Redis 7.0.15"
    assert b"canary" not in encoded([session])


def test_redis_password_in_clear_is_seen_but_not_kept() -> None:
    session = session_of(RedisDissector, REDIS_LOGIN)
    assert (session.security, session.login_seen, session.login_accepted) == ("password", True, True)
    assert b"canary" not in encoded([session])


def test_redis_large_values_and_nested_answers_are_skipped() -> None:
    value = b"*2\r\n*1\r\n$200000\r\n" + bytes(200_000) + b"\r\n:1\r\n"
    script: Script = [
        (CLIENT, b"*1\r\n$4\r\nKEYS\r\n*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n"),
        (SERVER, value + b"-WRONGPASS no\r\n"),
    ]
    assert not session_of(RedisDissector, script).login_accepted


# ---------------------------------------------------------------- all of them
ALL: list[tuple[type[Dissector], list[Script]]] = [
    (PostgresqlDissector, [PG_PASSWORD, PG_TRUST]),
    (MysqlDissector, [MY_LOGIN]),
    (MssqlDissector, [MS_CLEAR]),
    (OracleDissector, [ORACLE]),
    (MongodbDissector, [MONGO_OPEN, MONGO_LOGIN]),
    (RedisDissector, [REDIS_OPEN, REDIS_LOGIN]),
]


@pytest.mark.parametrize(("dissector", "real"), ALL)
def test_recognition_of_each_other(dissector: type[Dissector], real: list[Script]) -> None:
    for script in real:
        side, data = script[0]
        assert dissector.recognise(side, data) is Match.YES
        assert dissector.recognise(side, data[:2]) is Match.MORE
        others = [other for other, _ in ALL if other is not dissector]
        assert [other for other in others if other.recognise(side, data) is Match.YES] == []
    assert recognises_foreign(dissector) == []


def test_lying_length_is_an_anomaly() -> None:
    [anomaly] = play(PostgresqlDissector, [(SERVER, b"R\xff\xff\xff\xff" + bytes(100))])
    assert isinstance(anomaly, Anomaly)
    assert anomaly.name == "postgresql.message-length"


@pytest.mark.parametrize(("dissector", "real"), ALL)
@given(data=st.data(), cut=st.integers(1, 40))
def test_hostile_bytes(dissector: type[Dissector], real: list[Script], data: st.DataObject, cut: int) -> None:
    check_stream(dissector, data.draw(scripts(*real)), cut)

"""The look-up store of a pseudonymisation: which token is which patient, encrypted, in one SQLite file.

A passphrase gives a key (scrypt), that key unlocks the store's own random secret (ChaCha20-Poly1305), and
the secret does everything else: it makes the tokens, encrypts each row, and chains the audit table. Whoever
has the file without the passphrase learns how many patients it holds, no more. `Store` is the whole
interface, so that a server's database can take its place.
"""

import getpass
import hashlib
import hmac
import json
import os
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path

from ..errors import DeidentifyError
from .identity import KEY_BYTES, new_key

_SCRYPT = {"n": 2**16, "r": 8, "p": 1}  # 64 MB and a fifth of a second for each guess
_VERSION = 1
_WAIT_SECONDS = 20
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE mapping (token TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE audit (number INTEGER PRIMARY KEY, sealed BLOB NOT NULL, chain BLOB NOT NULL);
"""
_BACKUP = "Use a backup of it."


class Store:
    """An open look-up store; `with Store(path, passphrase) as store: ...`.

    path : the database file; made (for its owner only, mode 0600) when it does not exist and `create` is true
    passphrase : text that unlocks it

    Raises DeidentifyError when the passphrase is wrong, or the file is not a store, was tampered with, or
    is locked by another program for more than 20 seconds.
    """

    def __init__(self, path: str | Path, passphrase: str, *, create: bool = True):
        self.path = Path(path)
        if not passphrase:
            raise DeidentifyError(
                "The look-up store needs a passphrase", "Give one with passphrase=."
            )
        _crypto()
        self._prepare_file(create)
        self._db = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            with self._clear_errors():
                secret = self._unlock(passphrase)
        except BaseException:
            self._db.close()
            raise
        self.key = _derive(secret, b"identifiers")
        self._seal_key = _derive(secret, b"rows")
        self._chain_key = _derive(secret, b"audit")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        self._db.close()

    @property
    def identity(self) -> str:
        """Says which store this is without saying anything about what is in it."""
        return hashlib.sha256(b"store" + self.key).hexdigest()[:16]

    def remember(self, token: str, original: dict) -> None:
        """Add a row unless the token is there already. On return it is on the disk."""
        with self._transaction():
            known = self._db.execute("SELECT 1 FROM mapping WHERE token = ?", (token,)).fetchone()
            if known is None:
                sealed = self._seal(original, b"mapping:" + token.encode())
                self._db.execute("INSERT INTO mapping VALUES (?, ?)", (token, sealed))

    def __len__(self) -> int:
        with self._clear_errors():
            return self._db.execute("SELECT count(*) FROM mapping").fetchone()[0]

    def reidentify(self, token: str, who: str | None = None) -> dict:
        """The original identity behind a token; who asked, when and for which token goes into the audit table.

        Raises DeidentifyError when the token is not in the store (that is written down as well).
        """
        with self._transaction():
            self._write_audit(token, who or getpass.getuser())
            row = self._db.execute(
                "SELECT sealed FROM mapping WHERE token = ?", (token,)
            ).fetchone()
        if row is None:
            raise DeidentifyError(
                "There is no such token in the look-up store", "Check its spelling.", path=self.path
            )
        return self._open(row[0], b"mapping:" + token.encode())

    def audit_trail(self) -> list[dict]:
        """Who asked, when (seconds since 1970), for which token; raises DeidentifyError if a row was
        changed or taken out."""
        with self._transaction():
            rows = self._db.execute(
                "SELECT number, sealed, chain FROM audit ORDER BY number"
            ).fetchall()
            head = self._db.execute("SELECT value FROM meta WHERE name = 'head'").fetchone()[0]
        chain, entries = self._first_link(), []
        for number, sealed, link in rows:
            chain = self._next_link(chain, number, sealed)
            if not hmac.compare_digest(chain, link):
                raise self._tampered()
            entries.append(self._open(sealed, b"audit:%d" % number))
        if not hmac.compare_digest(chain, head):
            raise self._tampered()
        return entries

    def _write_audit(self, token: str, who: str) -> None:
        number = self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM audit").fetchone()[0]
        head = self._db.execute("SELECT value FROM meta WHERE name = 'head'").fetchone()[0]
        entry = {"who": who, "when": int(time.time()), "token": token}
        sealed = self._seal(entry, b"audit:%d" % number)
        link = self._next_link(head, number, sealed)
        self._db.execute("INSERT INTO audit VALUES (?, ?, ?)", (number, sealed, link))
        self._db.execute("UPDATE meta SET value = ? WHERE name = 'head'", (link,))

    def _first_link(self) -> bytes:
        return hmac.new(self._chain_key, b"first", hashlib.sha256).digest()

    def _next_link(self, chain: bytes, number: int, sealed: bytes) -> bytes:
        return hmac.new(self._chain_key, chain + b"%d:" % number + sealed, hashlib.sha256).digest()

    def _prepare_file(self, create: bool) -> None:
        try:
            if create:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            elif not self.path.exists():
                raise DeidentifyError(
                    "There is no look-up store", "Check the path.", path=self.path
                )
        except FileExistsError:
            pass
        except OSError as error:
            raise DeidentifyError(
                f"The look-up store cannot be made ({error.strerror})",
                "Choose a folder that you may write to.",
                path=self.path,
            ) from None

    def _unlock(self, passphrase: str) -> bytes:
        with self._transaction():
            tables = {row[0] for row in self._db.execute("SELECT name FROM sqlite_master")}
            if not tables:
                return self._create(passphrase)
            if not {"meta", "mapping", "audit"} <= tables:
                raise DeidentifyError("is not a look-up store", "Check the path.", path=self.path)
            meta = dict(self._db.execute("SELECT name, value FROM meta"))
        try:
            version, salt, wrapped = meta["version"], meta["salt"], meta["secret"]
        except KeyError:
            raise self._tampered() from None
        if version != b"%d" % _VERSION:
            raise DeidentifyError(
                "is a look-up store of another version",
                "Use the handson that made it.",
                path=self.path,
            )
        try:
            return _open(_stretch(passphrase, salt), wrapped, b"secret")
        except ValueError:
            raise DeidentifyError(
                "does not open with this passphrase, or was tampered with",
                "Type the passphrase again; if it is right, use a backup of the store.",
                path=self.path,
            ) from None

    def _create(self, passphrase: str) -> bytes:
        for statement in filter(str.strip, _SCHEMA.split(";")):
            self._db.execute(statement)
        secret, salt = new_key(), os.urandom(16)
        self._chain_key = _derive(secret, b"audit")
        rows = {
            "version": b"%d" % _VERSION,
            "salt": salt,
            "secret": _seal(_stretch(passphrase, salt), secret, b"secret"),
            "head": self._first_link(),
        }
        self._db.executemany("INSERT INTO meta VALUES (?, ?)", rows.items())
        return secret

    def _seal(self, content: dict, place: bytes) -> bytes:
        return _seal(self._seal_key, json.dumps(content).encode(), place)

    def _open(self, sealed: bytes, place: bytes) -> dict:
        try:
            return json.loads(_open(self._seal_key, sealed, place))
        except ValueError:
            raise self._tampered() from None

    def _tampered(self) -> DeidentifyError:
        return DeidentifyError("was tampered with or is damaged", _BACKUP, path=self.path)

    @contextmanager
    def _transaction(self):
        with self._clear_errors():
            self._db.execute("BEGIN IMMEDIATE")  # one writer at a time, others wait
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _clear_errors(self):
        try:
            yield
        except sqlite3.DatabaseError as error:
            text = str(error)
            if "locked" in text or "busy" in text:
                fault, remedy = (
                    "is locked by another program",
                    "Close that program, then run again.",
                )
            elif "readonly" in text or "read-only" in text or "unable to open" in text:
                fault, remedy = "cannot be written", "Check its rights and those of its folder."
            elif "full" in text or "disk I/O" in text:
                fault, remedy = "cannot be written: the disk is full or fails", "Make room for it."
            else:
                fault, remedy = "is damaged or not a look-up store", _BACKUP
            raise DeidentifyError(fault, remedy, path=self.path) from None


def _crypto():
    try:
        from cryptography.hazmat.primitives.ciphers import aead
        from cryptography.hazmat.primitives.kdf import scrypt
    except ImportError:
        raise DeidentifyError(
            "The look-up store needs the package cryptography",
            "Run: pip install cryptography",
        ) from None
    return aead.ChaCha20Poly1305, scrypt.Scrypt


def _stretch(passphrase: str, salt: bytes) -> bytes:
    return _crypto()[1](salt=salt, length=KEY_BYTES, **_SCRYPT).derive(passphrase.encode("utf-8"))


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return hmac.new(secret, purpose, hashlib.sha256).digest()


def _seal(key: bytes, content: bytes, place: bytes) -> bytes:
    """Encrypt and authenticate; `place` ties the result to where it belongs, so that rows cannot be swapped."""
    nonce = os.urandom(12)
    return nonce + _crypto()[0](key).encrypt(nonce, content, place)


def _open(key: bytes, sealed: bytes, place: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        return _crypto()[0](key).decrypt(sealed[:12], sealed[12:], place)
    except (InvalidTag, ValueError, TypeError):
        raise ValueError("not authentic") from None

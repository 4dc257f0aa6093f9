"""The look-up store of a pseudonymisation: which token is which patient, encrypted, in one SQLite file.

A passphrase gives a key (scrypt), that key unlocks the store's own random secret (ChaCha20-Poly1305), and
the secret does everything else: it makes the tokens, encrypts each row, and chains the audit table. Whoever
has the file without the passphrase learns how many patients it holds, no more. `Store` is the whole
interface, so that a server's database can take its place.
"""

import hashlib
import hmac
import json
import os
import sqlite3
import stat
import time
import unicodedata
from contextlib import contextmanager
from pathlib import Path

from ..errors import DeidentifyError
from .identity import KEY_BYTES, new_key

_SCRYPT = {"n": 2**16, "r": 8, "p": 1}  # 64 MB and a fifth of a second for each guess
_VERSION = 2
_LEAST_PASSPHRASE = 2  # characters; a longer one is better, and yours to choose
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
    passphrase : text that unlocks it, of two characters and more; composed and decomposed accents are one
    witness : a file elsewhere that remembers how long the audit table was and how many patients there were;
        with it, an old copy of the store put back in its place is noticed, too

    raises : DeidentifyError when the passphrase is wrong, or the file is not a store, belongs to somebody else,
    was tampered with, or is locked by another program for more than 20 seconds
    """

    def __init__(
        self,
        path: str | Path,
        passphrase: str,
        *,
        create: bool = True,
        witness: str | Path | None = None,
    ):
        self.path = Path(path)
        self.witness = None if witness is None else Path(witness)
        passphrase = _checked(passphrase)
        _crypto()
        self._prepare_file(create)
        self._db = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            with self._clear_errors():
                self._db.execute("PRAGMA secure_delete = ON")
                secret = self._unlock(passphrase)
            self._secret = secret
            self.key = _derive(secret, b"identifiers")
            self._seal_key = _derive(secret, b"rows")
            self._chain_key = _derive(secret, b"audit")
            self._checked_state = False
            self._check_witness()
        except BaseException:
            self._db.close()
            raise

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
            self._check_state()
            known = self._db.execute("SELECT 1 FROM mapping WHERE token = ?", (token,)).fetchone()
            if known is None:
                sealed = self._seal(original, b"mapping:" + token.encode())
                self._db.execute("INSERT INTO mapping VALUES (?, ?)", (token, sealed))
                self._write_state(self._mac(token, sealed))

    def __len__(self) -> int:
        with self._clear_errors():
            return self._db.execute("SELECT count(*) FROM mapping").fetchone()[0]

    def reidentify(self, token: str, who: str | None = None) -> dict:
        """The original identity behind a token.

        who : who asks, by default the system's user, who is written down in any case

        Who asked, when and for which token goes into the audit table.

        raises : DeidentifyError when the token is not in the store (that is written down as well)
        """
        with self._transaction():
            self._check_state()
            self._write_audit("asked", token, who)
            row = self._db.execute(
                "SELECT sealed FROM mapping WHERE token = ?", (token,)
            ).fetchone()
        self._write_witness()
        if row is None:
            raise self._no_such_token()
        return self._open(row[0], b"mapping:" + token.encode())

    def erase(self, token: str, who: str | None = None) -> None:
        """Forget a patient (GDPR article 17): the row goes, that it went is written down.

        Copies and backups of the store are yours to erase. The same patient gets the same token again if
        their files are pseudonymised again.

        raises : DeidentifyError when the token is not in the store
        """
        with self._transaction():
            self._check_state()
            row = self._db.execute(
                "SELECT sealed FROM mapping WHERE token = ?", (token,)
            ).fetchone()
            if row is not None:
                self._db.execute("DELETE FROM mapping WHERE token = ?", (token,))
                self._write_state(self._mac(token, row[0]))
                self._write_audit("erased", token, who)
        if row is None:
            raise self._no_such_token()
        with self._clear_errors():
            self._db.execute("VACUUM")
        self._write_witness()

    def change_passphrase(self, new: str) -> None:
        """Lock the store with another passphrase; the old one opens it no longer."""
        new = _checked(new)
        salt = os.urandom(16)
        with self._transaction():
            for name, value in (
                ("salt", salt),
                ("secret", _seal(_stretch(new, salt), self._secret, b"secret")),
            ):
                self._db.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))
            self._write_audit("passphrase changed", "", None)
        with self._clear_errors():
            self._db.execute("VACUUM")
        self._write_witness()

    def _no_such_token(self) -> DeidentifyError:
        return DeidentifyError(
            "There is no such token in the look-up store", "Check its spelling.", path=self.path
        )

    def audit_trail(self) -> list[dict]:
        """[{"what", "token", "who" (as the caller said), "user" (whom the system knows), "when" (seconds since
        1970)}], the oldest first.

        raises : DeidentifyError if any entry, the last one too, was changed or taken out
        """
        with self._transaction():
            self._check_state()
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

    def _write_audit(self, what: str, token: str, who: str | None) -> None:
        number = self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM audit").fetchone()[0]
        head = self._db.execute("SELECT value FROM meta WHERE name = 'head'").fetchone()[0]
        user = system_user()
        entry = {
            "what": what,
            "who": who or user,
            "user": user,
            "when": int(time.time()),
            "token": token,
        }
        sealed = self._seal(entry, b"audit:%d" % number)
        link = self._next_link(head, number, sealed)
        self._db.execute("INSERT INTO audit VALUES (?, ?, ?)", (number, sealed, link))
        self._db.execute("UPDATE meta SET value = ? WHERE name = 'head'", (link,))
        self._write_state()

    def _mac(self, token: str, sealed) -> int:
        content = sealed if isinstance(sealed, bytes) else repr(sealed).encode()
        seal = hmac.new(self._chain_key, b"row" + token.encode() + b"\0" + content, hashlib.sha256)
        return int.from_bytes(seal.digest(), "big")

    def _state(self, rows: int) -> bytes:
        """A seal of everything there is: all rows (the exclusive or of their seals), where the trail ends."""
        count, head = self._end_of_trail()
        content = b"state%d\0%d\0%s" % (rows, count, head.encode())
        return hmac.new(self._chain_key, content, hashlib.sha256).digest()

    def _write_state(self, changed: int = 0) -> None:
        """Seal what there is; `changed` is the seal of a row that came or went."""
        row = self._db.execute("SELECT value FROM meta WHERE name = 'rows'").fetchone()
        rows = int.from_bytes(row[0], "big") ^ changed
        for name, value in (("rows", rows.to_bytes(32, "big")), ("state", self._state(rows))):
            self._db.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))

    def _check_state(self) -> None:
        """Raise DeidentifyError if a patient or the end of the audit table was taken out; once is enough,
        since every change of one's own is sealed."""
        if self._checked_state:
            return
        rows = 0
        for token, sealed in self._db.execute("SELECT token, sealed FROM mapping"):
            rows ^= self._mac(token, sealed)
        state = self._db.execute("SELECT value FROM meta WHERE name = 'state'").fetchone()
        if state is None or not hmac.compare_digest(self._state(rows), bytes(state[0])):
            raise self._tampered()
        self._checked_state = True

    def _write_witness(self) -> None:
        if self.witness is not None:
            with self._transaction():
                count, head = self._end_of_trail()
            part = self.witness.with_name(self.witness.name + ".part")
            part.write_text(json.dumps({"store": self.identity, "audit": count, "head": head}))
            part.replace(self.witness)

    def _end_of_trail(self) -> tuple[int, str]:
        count = self._db.execute("SELECT count(*) FROM audit").fetchone()[0]
        head = self._db.execute("SELECT value FROM meta WHERE name = 'head'").fetchone()[0]
        return count, bytes(head).hex()

    def _check_witness(self) -> None:
        """Raise DeidentifyError if the store is older than its witness remembers."""
        if self.witness is None or not self.witness.exists():
            self._write_witness()
            return
        try:
            seen = json.loads(self.witness.read_text())
            number, head = int(seen["audit"]), str(seen["head"])
        except (OSError, ValueError, KeyError, TypeError):
            raise DeidentifyError(
                "is not the witness of a look-up store", "Check the path.", path=self.witness
            ) from None
        with self._transaction():
            row = self._db.execute("SELECT chain FROM audit WHERE number = ?", (number,)).fetchone()
        found = bytes(row[0]) if row else self._first_link() if number == 0 else b""
        if seen.get("store") != self.identity or found.hex() != head:
            raise DeidentifyError(
                "is older than its witness remembers, or another store",
                "Find out who put an old copy in its place.",
                path=self.path,
            )

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
        self._check_rights()

    def _check_rights(self) -> None:
        """Refuse what is not a file of one's own; take the rights of others away."""
        found = self.path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise DeidentifyError(
                "is a folder, not a look-up store", "Give the path of a file.", path=self.path
            )
        if os.name == "nt":
            return
        if found.st_uid != os.getuid():
            raise DeidentifyError(
                "belongs to another user, who can read and change it",
                "Make a store of your own, or ask its owner to give it to you.",
                path=self.path,
            )
        if found.st_mode & 0o077:
            self.path.chmod(0o600)

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
            "rows": bytes(32),
            "state": b"",
        }
        self._db.executemany("INSERT INTO meta VALUES (?, ?)", rows.items())
        self._write_state()
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


def system_user() -> str:
    """The user that the operating system knows, whatever variables say."""
    if os.name == "nt":
        return os.getlogin()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def _checked(passphrase: str) -> str:
    """A passphrase in one form (NFKC).

    raises : DeidentifyError for one that is too short
    """
    passphrase = unicodedata.normalize("NFKC", passphrase or "")
    if len(passphrase.strip()) < _LEAST_PASSPHRASE:
        raise DeidentifyError(
            "The look-up store needs a passphrase of more than one character",
            "Choose several words that only you know.",
        )
    return passphrase


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

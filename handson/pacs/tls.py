"""TLS for DICOM: whom we trust, and who we are (PS3.15 B.12)."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from ..errors import NetworkError


@dataclass(frozen=True)
class Tls:
    """PEM files of one side of a TLS connection.

    authority : certificates that we trust; None for those that the system trusts (clients only)
    certificate, key : our own certificate and its private key; a server needs both, a client needs
        them where the server asks for them, as it should
    """

    authority: str | Path | None = None
    certificate: str | Path | None = None
    key: str | Path | None = None

    def client_context(self) -> ssl.SSLContext:
        """TLS 1.2 or later; the server must prove its name or address."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.authority is None:
            context.load_default_certs()
        return self._loaded(context)

    def server_context(self) -> ssl.SSLContext:
        """TLS 1.2 or later; the client must show a certificate that we trust."""
        if not (self.certificate and self.key and self.authority):
            raise NetworkError(
                "a TLS server needs its certificate, its key and an authority",
                "Make all three with handson.pacs.certificate(folder).",
            )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        return self._loaded(context)

    def _loaded(self, context):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        path = self.authority
        try:
            if self.authority:
                context.load_verify_locations(self.authority)
            path = self.certificate
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ValueError) as error:  # an SSLError is an OSError
            raise NetworkError(
                f"cannot be used for TLS ({error.strerror or error})",
                "Give PEM files, the key without a passphrase.",
                path=path,
            ) from None
        return context


def certificate(folder: str | Path, name: str = "localhost", days: int = 30) -> Tls:
    """Make a key and a certificate that signs itself, for both sides of a connection on this machine.

    folder : where `name.crt` and `name.key` are written; existing files are not replaced
    name : of the host; 127.0.0.1 and localhost are added
    days : how long the certificate is valid
    returns : `Tls` that trusts this certificate alone

    Both sides may use one certificate because both are you. In a hospital each device has its own.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = Path(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    names = [x509.DNSName(n) for n in dict.fromkeys((name, "localhost"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([*names, x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    _write(paths[1], secret, 0o600)
    _write(paths[0], made.public_bytes(serialization.Encoding.PEM), 0o644)
    return Tls(authority=paths[0], certificate=paths[0], key=paths[1])


def _write(path, content, mode):
    try:
        path.touch(mode, exist_ok=False)
        path.write_bytes(content)
    except OSError as error:
        raise NetworkError(
            f"cannot be written ({error.strerror})", "Choose an empty folder.", path=path
        ) from None

"""An identity provider for one person: a page with a button, a code, an ID token signed by RS256. It checks PKCE and
redeems each code once, as real providers do."""

import base64
import hashlib
import html
import http.server
import json
import os
import secrets
import subprocess
import tempfile
import threading
import time
from urllib.parse import parse_qs, urlencode, urlsplit


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class SigningKey:
    """An RSA key, by the program openssl."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.file = os.path.join(self.folder.name, "key.pem")
        self.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.file)
        said = self.openssl("rsa", "-in", self.file, "-noout", "-modulus").decode()
        modulus = bytes.fromhex(said.strip().removeprefix("Modulus="))
        self.public = {"kty": "RSA", "kid": "one", "use": "sig", "n": encoded(modulus), "e": "AQAB"}

    @staticmethod
    def openssl(*arguments, data=None):
        done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True)
        return done.stdout

    def token(self, claims):
        header = {"alg": "RS256", "typ": "JWT", "kid": "one"}
        message = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
        signature = self.openssl("dgst", "-sha256", "-sign", self.file, data=message.encode())
        return f"{message}.{encoded(signature)}"


class Provider(http.server.ThreadingHTTPServer):
    """Runs until it is stopped."""

    def __init__(self, claims):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.claims = claims
        self.key = SigningKey()
        self.codes = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()
        self.key.folder.cleanup()


class Handler(http.server.BaseHTTPRequestHandler):
    """Its pages and endpoints."""

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        url = self.server.url
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        asked = {name: values[0] for name, values in query.items()}
        if path == "/.well-known/openid-configuration":
            document = {"issuer": url, "jwks_uri": f"{url}/keys", "end_session_endpoint": f"{url}/logout"}
            document |= {"authorization_endpoint": f"{url}/authorize", "token_endpoint": f"{url}/token"}
            self.answer(200, document)
        elif path == "/keys":
            self.answer(200, {"keys": [self.server.key.public]})
        elif path == "/authorize":
            self.ask_for_consent(asked)
        elif path == "/logout":
            self.answer(303, b"", location=asked["post_logout_redirect_uri"])
        else:
            self.answer(404, {})

    def ask_for_consent(self, asked):
        if asked.get("code_challenge_method") != "S256" or "openid" not in asked["scope"].split():
            self.answer(400, {"error": "invalid_request"})
            return
        code = secrets.token_urlsafe()
        self.server.codes[code] = asked
        back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        page = f"<!doctype html><title>Provider</title><link rel=icon href=data:,><a href='{html.escape(back)}'>Continue as alice</a>"
        self.answer(200, page.encode(), kind="text/html; charset=utf-8")

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        sent = {name: values[0] for name, values in form.items()}
        asked = self.server.codes.pop(sent.get("code"), None)
        verifier = sent.get("code_verifier", "").encode()
        is_right = (
            asked is not None
            and encoded(hashlib.sha256(verifier).digest()) == asked["code_challenge"]
            and sent["redirect_uri"] == asked["redirect_uri"]
            and sent["client_id"] == asked["client_id"]
        )
        if not is_right:
            self.answer(400, {"error": "invalid_grant"})
            return
        now = int(time.time())
        claims = {"iss": self.server.url, "aud": asked["client_id"], "sub": "1", "nonce": asked["nonce"]}
        claims |= {"iat": now, "exp": now + 60, **self.server.claims}
        token = self.server.key.token(claims)
        self.answer(200, {"access_token": "x", "token_type": "Bearer", "id_token": token})

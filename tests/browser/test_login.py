"""A person logs in at an identity provider, sees the part that is theirs, and logs out."""

import tempfile

from provider import Provider
from servers import Server, demo_store
from support import Case

CENTRE = "CC-1100"
LOGIN = """
[[oidc]]
issuer = "{issuer}"
audiences = ["api"]
client_id = "tare-page"
rules = [{{ claim = "groups", value = "shop", scopes = ["read"], cost_centres = ["{centre}"] }}]
"""


class Login(Case):
    """The demo's figures on a server where people log in."""

    has_own_profiles = True

    @classmethod
    def start(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        store = demo_store(cls.folder.name)
        cls.provider = Provider({"groups": ["shop"], "preferred_username": "alice"})
        cls.addClassCleanup(cls.provider.stop)
        with open(store[1], "a") as settings:
            settings.write(LOGIN.format(issuer=cls.provider.url, centre=CENTRE))
        return Server(*store, "serve", "--role", "api")

    def setUp(self):
        super().setUp()
        # The page is asked for a login because a request was answered with 401.
        self.expected_complaints = ("status of 401",)

    def see(self, url):
        if not url.startswith(self.provider.url):
            super().see(url)

    def test_log_in_and_out(self):
        page = self.page
        page.goto(f"{self.server.url}/?view=repositories&q=shop")
        dialog = page.get_by_role("dialog", name="Log in")
        self.check_accessibility(page, "the dialog")
        self.assertTrue(dialog.get_by_label("Key").is_visible(), "a key will still do")
        dialog.get_by_role("link", name="Log in with 127.0.0.1").click()
        page.get_by_role("link", name="Continue as alice").click()

        self.settle()
        self.assertEqual(page.url, f"{self.server.url}/?view=repositories&q=shop")
        self.assertEqual(dialog.count(), 0)
        account = page.locator("#account")
        account.get_by_role("button", name="Log out").wait_for()
        self.assertIn("alice", account.inner_text())
        me = page.evaluate("fetch('v1/me').then((answer) => answer.json())")
        self.assertEqual((me["authenticated_by"], me["cost_centres"]), ("login", [CENTRE]))
        self.check_accessibility(page, "logged in")
        [session] = [cookie for cookie in page.context.cookies() if cookie["name"] == "tare-session"]
        self.assertEqual((session["httpOnly"], session["sameSite"]), (True, "Lax"))
        self.assertNotIn("tare-session", page.evaluate("document.cookie"))

        account.get_by_role("button", name="Log out").click()
        page.get_by_role("dialog", name="Log in").wait_for()
        self.assertTrue(page.url.startswith(self.server.url), page.url)
        names = [cookie["name"] for cookie in page.context.cookies()]
        self.assertNotIn("tare-session", names)

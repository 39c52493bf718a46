"""Services to look at: the demo's figures, and whatever else a test starts. Stores are made once and copied."""

import atexit
import contextlib
import fcntl
import functools
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

import hostile_registry

PROGRAM = os.environ.get("PAGE_TEST_PROGRAM", "tare")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def tare(*arguments):
    """Runs a command; what it prints. Status 3 says that something could not be read, which hostile registries want."""
    done = subprocess.run([PROGRAM, "--quiet", *arguments], capture_output=True, text=True, timeout=300)
    if done.returncode not in (0, 3):
        raise AssertionError(f"{arguments}: {done.stderr}")
    return done.stdout


class Server:
    """A `tare` that serves, until it is stopped."""

    def __init__(self, *arguments, environment=None):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.folder = tempfile.TemporaryDirectory()
        self.log = open(os.path.join(self.folder.name, "log"), "w+")
        address = self.url.removeprefix("http://")
        self.process = subprocess.Popen(
            [PROGRAM, *arguments, "--listen", address],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
        self.wait()

    def wait(self, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):
                    return
            except OSError:
                time.sleep(0.05)
        self.log.seek(0)
        said = self.log.read()
        self.stop()
        raise AssertionError(f"the server did not become ready: {said}")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()
        self.folder.cleanup()


class Running:
    """A server that is stopped elsewhere."""

    def __init__(self, url):
        self.url = url.rstrip("/")

    def stop(self):
        pass


@functools.cache
def shared_folder():
    """Where stores are made once: for all processes of a run, or for this one."""
    named = os.environ.get("PAGE_TEST_FOLDER")
    if named:
        return named
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return folder.name


@contextlib.contextmanager
def alone(name):
    """Holds back other processes of the run that want the same."""
    with open(os.path.join(shared_folder(), f"{name}.lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def copied(name, make, folder):
    """Copies data into a folder. The first process of the run that needs the data makes it."""
    made = os.path.join(shared_folder(), name)
    with alone(name):
        if not os.path.exists(made):
            make(f"{made}.unfinished")
            os.rename(f"{made}.unfinished", made)
    # A socket of the database is no part of the store.
    return shutil.copytree(made, os.path.join(folder, name), ignore=shutil.ignore_patterns(".s.*"))


def demo_store(folder):
    """The demo's figures, crawled and computed: the options that name the store and its settings."""
    copy = copied("demo", lambda made: tare("demo", "--once", "--keep", made), folder)
    return "--config", os.path.join(copy, "tare.toml"), "--data-dir", os.path.join(copy, "store")


def crawl(registry, settings, folder):
    """Crawls a registry into a store of its own; the options that name it."""
    os.makedirs(folder, exist_ok=True)
    file = os.path.join(folder, "tare.toml")
    with open(file, "w") as written:
        written.write(settings)
    options = ("--config", file, "--data-dir", os.path.join(folder, "store"))
    tare(*options, "crawl", f"http://127.0.0.1:{registry.server_address[1]}")
    return options


def hostile_store(settings, folder):
    """The same for the hostile registry, which is crawled once for all tests and then gone."""

    def make(made):
        registry = hostile_registry.serve()
        try:
            crawl(registry, hostile_registry.SETTINGS, made)
        finally:
            registry.shutdown()
            registry.server_close()

    copy = copied("hostile", make, folder)
    file = os.path.join(copy, "tare.toml")
    with open(file, "w") as written:
        written.write(hostile_registry.SETTINGS + settings)
    return "--config", file, "--data-dir", os.path.join(copy, "store")


@functools.cache
def demo():
    """A server with the demo's figures, or the one that the environment names. Started once for all tests, which change
    nothing in it."""
    named = os.environ.get("PAGE_TEST_URL")
    if named:
        return Running(named)
    folder = tempfile.TemporaryDirectory()
    server = Server(*demo_store(folder.name), "serve", "--role", "api")
    atexit.register(folder.cleanup)
    atexit.register(server.stop)
    return Running(server.url)

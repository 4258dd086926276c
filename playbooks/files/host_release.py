"""What a host does for one verb of a release

Runs on the host (Python 3.6 or newer, standard library only), sent there by the action plugin `deployer_release`.
It starts for each verb on each host, so what a verb does not need is not imported.
`main(told)` takes one mapping and prints one line of JSON: changed, msg, before, after; or failed with msg.

    <root>/releases/<version>/          the release, .sha256 in it is the digest of the artifact it came from
    <root>/current -> releases/<version>
    <root>/shared/assets/               assets of the releases before, for pages that are still open
    <root>/.deployer/                   lock, deployed, previous, restart.log
"""

import contextlib
import errno
import fcntl
import json
import os
import posixpath
import signal
import sys
import time

MIB = 1024 * 1024
UNPACKING = ".unpacking-"


class Failed(Exception):
    """A promise that cannot be kept on this host; the text is for people."""

    def __init__(self, text, **facts):
        super().__init__(text)
        self.facts = facts


def main(told):
    """Print what came of it; always exits 0 so that the line is read, whatever happened."""
    try:
        answer = VERBS[told["verb"]](told)
    except Failed as failed:
        answer = dict(failed.facts, failed=True, msg=str(failed))
    except OSError as error:
        answer = {"failed": True, "msg": in_words(error)}
    print("\n" + json.dumps(answer))


# --- the verbs ---------------------------------------------------------------------------------------------------


def fetch(told):
    """The release lies unpacked beside the running one, its digest checked."""
    root, version, sha256 = told["root"], told["version"], told["sha256"]
    release = os.path.join(root, "releases", version)
    if told.get("check"):
        return planned(release, digest_of(release), sha256)
    with contextlib.ExitStack() as stack:
        with locked(told):
            there = digest_of(release)
            if there == sha256:
                bridge_assets(told, release)
                return {"changed": False, "msg": "%s is there already" % version, "version": version, "fetched": True}
            refuse_to_replace_the_running(root, version, there)
            os.makedirs(os.path.join(root, "releases"), exist_ok=True)
            sweep(root)
            if "size" in told:
                need_space(told, 2 * told["size"])
                return {"changed": True, "wanted": True, "msg": "waiting for the artifact"}
            folder = stack.enter_context(unpacking(root))
        with arrival(told) as arriving:  # without the lock: a newer run need not wait for a slow line
            unpack(told, arriving, folder)
        with locked(told):
            take_its_place(folder, root, version, sha256)
            bridge_assets(told, release)
            pruned = prune(root, version, told.get("keep", 5))
    note = "fetched %s" % version + (", pruned %s" % ", ".join(pruned) if pruned else "")
    return {
        "changed": True,
        "msg": note,
        "version": version,
        "fetched": True,
        "before": "%s\n" % (there or "absent"),
        "after": "%s\n" % sha256,
    }


def deploy(told):
    """`current` points to the release, and the running process was started by this step."""
    root, version = told["root"], told["version"]
    release = os.path.join(root, "releases", version)
    with locked(told):
        must_be_fetched(release, version, told.get("sha256"))
        before, running = current_of(root), process(told)
        done = read_record(root, "deployed")
        if before == version and running and done == record_of(told, running):
            return dict(facts_of(running), changed=False, msg="%s runs already (pid %d)" % (version, running[0]))
        answer = {"changed": True, "before": "current -> %s\n" % before, "after": "current -> %s\n" % version}
        if told.get("check"):
            return dict(answer, msg="would switch %s -> %s and restart" % (before, version))
        began = time.monotonic()
        if before != version:
            remember_previous(root, before, done)
            switch(root, version)
        restarted = restart(told, running)
        write_record(root, "deployed", record_of(told, restarted))
    took = time.monotonic() - began
    return dict(answer, msg="runs %s (pid %d, %.1f s)" % (version, restarted[0], took), **facts_of(restarted))


VERBS = {"fetch": fetch, "deploy": deploy}


def planned(release, there, sha256):
    if there == sha256:
        return {"changed": False, "msg": "%s is there already" % os.path.basename(release)}
    return {
        "changed": True,
        "msg": "would fetch %s" % os.path.basename(release),
        "before": "%s\n" % (there or "absent"),
        "after": "%s\n" % sha256,
    }


# --- lock and fence ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def locked(told):
    """One program at a time acts on this host, and never for a run that was overtaken."""
    root = told["root"]
    if told.get("check"):
        yield
        return
    if not os.path.isdir(root):
        raise Failed("%s does not exist on this host: run playbooks/provision.yml, or create it" % root)
    os.makedirs(os.path.join(root, ".deployer"), exist_ok=True)
    with open(os.path.join(root, ".deployer", "lock"), "a") as lock:
        wait_for(lock, told.get("lock_timeout", 30))
        if told.get("order"):
            respect_fence(fence_of(told), told["order"])
        yield


def wait_for(lock, timeout):
    end = time.monotonic() + timeout
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise Failed("another deployment is still acting on this host, waited %g s" % timeout) from None
            time.sleep(0.05)


def fence_of(told):
    """The file that deployer/fence.py keeps on this host for acts over plain SSH."""
    beside = os.path.dirname(told.get("health_file") or "")
    folder = beside if os.path.isdir(beside) else os.path.join(told["root"], ".deployer")
    return os.path.join(folder, ".deployer-%s.fence" % told["order"].get("service", ""))


def respect_fence(path, order):
    """Compare and set, as one act: it holds `epoch run` of the newest that acted here."""
    with open(path + ".lock", "a") as lock:
        wait_for(lock, 5)
        epoch, run = read_fence(path)
        if epoch > order["epoch"] or (epoch == order["epoch"] and run != order["run"]):
            text = "run %s (epoch %d) acted here since: this run (epoch %d) was overtaken"
            raise Failed(text % (run, epoch, order["epoch"]), overtaken=True)
        if (epoch, run) != (order["epoch"], order["run"]):
            replace_file(path, "%d %s\n" % (order["epoch"], order["run"]))


def read_fence(path):
    try:
        with open(path) as file:
            epoch, run = file.read().split()[:2]
            return int(epoch), run
    except (OSError, ValueError):
        return 0, "none"


def read_record(root, name):
    try:
        with open(os.path.join(root, ".deployer", name)) as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def write_record(root, name, value):
    replace_file(os.path.join(root, ".deployer", name), json.dumps(value) + "\n")


def replace_file(path, text):
    """Either the old text or the new one is there, also after a power cut."""
    new = path + ".new"
    with open(new, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(new, path)


# --- fetch -------------------------------------------------------------------------------------------------------


def digest_of(release):
    try:
        with open(os.path.join(release, ".sha256")) as file:
            return file.read().split()[0]
    except (OSError, IndexError):
        return ""


def refuse_to_replace_the_running(root, version, there):
    if current_of(root) == version:
        text = "%s runs here from other bytes (sha256 %s): give the new bytes a new version"
        raise Failed(text % (version, there[:16] or "unknown"))


@contextlib.contextmanager
def unpacking(root):
    """A folder beside the releases; while this program lives it holds the folder's lock, and nobody sweeps it away."""
    import shutil
    import tempfile

    folder = tempfile.mkdtemp(prefix=UNPACKING, dir=os.path.join(root, "releases"))
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def take_its_place(folder, root, version, sha256):
    """There is never half a release under its name, and never other bytes under that of the running one."""
    import shutil

    release = os.path.join(root, "releases", version)
    there = digest_of(release)
    if there != sha256:
        refuse_to_replace_the_running(root, version, there)
        shutil.rmtree(release, ignore_errors=True)
        os.rename(folder, release)


def sweep(root):
    """What fetches that were killed left behind."""
    import shutil

    releases = os.path.join(root, "releases")
    for name in os.listdir(releases):
        path = os.path.join(releases, name)
        if name.startswith((UNPACKING, ".incoming-")) and abandoned(path):  # before 1.0 whole artifacts came in there
            shutil.rmtree(path, ignore_errors=True)


def abandoned(folder):
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(held)
    return True


class Arriving:
    """The artifact as its bytes come in, hashed on the way."""

    def __init__(self, source, size):
        import hashlib

        self.source = source
        self.left = size
        self.digest = hashlib.sha256()

    def read(self, many):
        block = self.source.read(min(many, self.left))
        self.left -= len(block)
        self.digest.update(block)
        return block

    def must_be(self, sha256):
        while self.read(MIB):
            pass
        actual = self.digest.hexdigest()
        if actual != sha256:
            text = "what arrived is not the approved artifact: sha256 %s..., expected %s..."
            raise Failed(text % (actual[:16], sha256[:16]))


@contextlib.contextmanager
def arrival(told):
    """From the controller, on standard input, or pulled by this host itself."""
    if told.get("url"):
        with pulled(told) as answer:
            size = int(answer.headers.get("Content-Length") or 0)
            need_space(told, 2 * size)
            yield Arriving(answer, size or float("inf"))
    else:
        need_space(told, 2 * told["bytes_follow"])
        yield Arriving(sys.stdin.buffer, told["bytes_follow"])


@contextlib.contextmanager
def pulled(told):
    import http.client
    import socket
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(told["url"], timeout=told.get("url_timeout", 20)) as answer:
            yield answer
    except (urllib.error.URLError, http.client.HTTPException, socket.timeout, ConnectionError) as error:
        shown = told["url"].split("?")[0].split("@")[-1]
        raise Failed("cannot pull %s: %s" % (shown, getattr(error, "reason", error))) from None


def need_space(told, size):
    free, reserve = free_bytes(told["root"]), told.get("reserve", 16 * MIB)
    if free < size + reserve:
        text = "no space for the release: %d MiB free on %s, %d MiB needed"
        raise Failed(text % (free // MIB, told["root"], (size + reserve) // MIB))


def free_bytes(path):
    told = os.statvfs(path)
    return told.f_bavail * told.f_frsize


def unpack(told, arriving, folder):
    """One pass over the bytes; nothing of it has its final name before the digest is right."""
    import tarfile

    broken = None
    try:
        with tarfile.open(fileobj=arriving, mode="r|*", bufsize=MIB // 16) as archived:
            for member in archived:
                unpack_member(told, archived, member, folder)
    except (tarfile.TarError, EOFError) as error:
        broken = error
    arriving.must_be(told["sha256"])
    if broken:
        raise Failed("the artifact is not a whole tar archive: %s" % broken)
    links_stay_inside(folder)
    os.chmod(folder, 0o755)
    give_away(folder, os.lstat(told["root"]))
    replace_file(os.path.join(folder, ".sha256"), told["sha256"] + "\n")
    os.utime(folder)


def unpack_member(told, archived, member, folder):
    import shutil

    name = posixpath.normpath(member.name)
    path = os.path.join(folder, name)
    if name == ".":
        return
    refuse_outside(name, member.name)
    if name in (".sha256", ".sha256.new"):
        raise Failed("the artifact holds a file named .sha256, which is ours")
    refuse_through_link(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if member.isdir():
        os.makedirs(path, exist_ok=True)
        return
    if os.path.lexists(path):
        os.unlink(path)
    if member.issym():
        os.symlink(member.linkname, path)
    elif member.islnk():
        target = posixpath.normpath(member.linkname)
        refuse_outside(target, member.linkname)
        refuse_through_link(folder, target)
        os.link(os.path.join(folder, target), path, follow_symlinks=False)
    elif member.isfile():
        need_space(told, member.size)
        with open(path, "xb") as file:
            shutil.copyfileobj(archived.extractfile(member), file, MIB)
        os.chmod(path, 0o755 if member.mode & 0o111 else 0o644)
        os.utime(path, (member.mtime, member.mtime))
    else:
        raise Failed("the artifact holds %r, which is no file, folder or link: refused" % member.name)


def refuse_outside(name, written):
    if name == ".." or name.startswith(("/", "../")):
        raise Failed("the artifact would write outside the release (%r): refused" % written)


def refuse_through_link(folder, name):
    parts = name.split("/")[:-1]
    for end in range(1, len(parts) + 1):
        if os.path.islink(os.path.join(folder, *parts[:end])):
            raise Failed("the artifact would write through a link (%r): refused" % name)


def links_stay_inside(folder):
    """Asked of the file system, not of the names: links through links may lead elsewhere than they read."""
    inside = os.path.realpath(folder)
    for path, folders, files in os.walk(folder):
        for name in folders + files:
            link = os.path.join(path, name)
            if os.path.islink(link):
                to = os.readlink(link)
                target = os.path.realpath(link)
                if os.path.isabs(to) or not (target == inside or target.startswith(inside + os.sep)):
                    shown = os.path.relpath(link, folder)
                    raise Failed("the artifact's link %r leads outside the release (%r): refused" % (shown, to))


def give_away(folder, like):
    """As root, what we unpack belongs to whom <root> belongs to."""
    if os.geteuid() != 0 or like.st_uid == 0:
        return
    for path, folders, files in os.walk(folder):
        for name in [path] + [os.path.join(path, one) for one in folders + files]:
            os.lchown(name, like.st_uid, like.st_gid)


def prune(root, version, keep):
    """All but the newest `keep` go; never the running one, the last good one before it, nor the one just fetched."""
    import shutil

    releases = os.path.join(root, "releases")
    names = [name for name in os.listdir(releases) if not name.startswith(".")]
    names.sort(key=lambda name: os.lstat(os.path.join(releases, name)).st_mtime, reverse=True)
    spared = {version, current_of(root), read_record(root, "previous")}
    gone = []
    for name in names[keep:]:
        if name not in spared and os.path.isdir(os.path.join(releases, name)):
            doomed = os.path.join(releases, UNPACKING + name)
            os.rename(os.path.join(releases, name), doomed)
            shutil.rmtree(doomed, ignore_errors=True)
            gone.append(name)
    return gone


def bridge_assets(told, release):
    """Pages still open in browsers find their assets on every host; what is served already is never replaced."""
    source = told.get("assets") and os.path.join(release, told["assets"])
    if not source or not os.path.isdir(source):
        return
    bridge = os.path.join(told["root"], "shared", "assets")
    os.makedirs(bridge, exist_ok=True)
    for path, _folders, files in os.walk(source):
        target = os.path.normpath(os.path.join(bridge, os.path.relpath(path, source)))
        os.makedirs(target, exist_ok=True)
        for name in files:
            carry(os.path.join(path, name), os.path.join(target, name))
    age_out(bridge, told.get("assets_days", 30))


def carry(source, target):
    """The time of a bridged asset is when a release last brought it."""
    import shutil

    if os.path.islink(source):
        return
    if not os.path.lexists(target):
        new = "%s.%s" % (target, os.urandom(4).hex())
        shutil.copyfile(source, new)
        os.rename(new, target)
    os.utime(target)


def age_out(bridge, days):
    for path, _folders, files in os.walk(bridge, topdown=False):
        for name in files:
            asset = os.path.join(path, name)
            if time.time() - os.lstat(asset).st_mtime > days * 86400:
                os.unlink(asset)
        if path != bridge and not os.listdir(path):
            os.rmdir(path)


# --- deploy ------------------------------------------------------------------------------------------------------


def must_be_fetched(release, version, sha256):
    there = digest_of(release)
    if not os.path.isdir(release):
        raise Failed("release %s is not on this host: fetch it first" % version)
    if sha256 and there != sha256:
        text = "release %s on this host is not the approved one (sha256 %s...): fetch it again"
        raise Failed(text % (version, there[:16] or "unknown"))


def current_of(root):
    try:
        return os.path.basename(os.readlink(os.path.join(root, "current")))
    except OSError:
        return None


def switch(root, version):
    """Atomic: `current` is the old release or the new one, never away."""
    new = os.path.join(root, ".deployer", "current.new")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    os.symlink(os.path.join("releases", version), new)
    current = os.path.join(root, "current")
    if os.path.isdir(current) and not os.path.islink(current):
        raise Failed("%s is a directory, not a link to a release: move it away first" % current)
    os.rename(new, current)


def remember_previous(root, before, done):
    if before and (done is None or done.get("version") == before):
        write_record(root, "previous", before)


def record_of(told, running):
    """Which process serves which release, by which order; a repeated order finds its own record."""
    record = {"version": told["version"], "boot": boot_id(), "pid": running[0], "start": running[1]}
    order = told.get("order")
    return dict(record, order=[order["run"], order["step"]] if order else None)


def facts_of(running):
    return {"pid": running[0], "start_ticks": running[1]}


def boot_id():
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def restart(told, before):
    """Wait until the main process is another one than before, and newer than this step by the host's own clock."""
    step = start_of(os.getpid())
    end = time.monotonic() + told.get("start_timeout", 60)
    command = ["systemctl", "restart", told["unit"]] if told.get("unit") else [told["control"], "restart"]
    carry_out(told["root"], command, told.get("control_timeout", told.get("start_timeout", 60)))
    while True:
        running = process(told)
        if running and running != before and running[1] >= step:
            return running
        if time.monotonic() > end:
            raise Failed(not_restarted(command, running, told))
        time.sleep(0.02)


def not_restarted(command, running, told):
    if running is None:
        return "%s succeeded, but nothing runs after %g s" % (" ".join(command), told.get("start_timeout", 60))
    text = "%s succeeded, but the old process (pid %d) still serves"
    return text % (" ".join(command), running[0])


def carry_out(root, command, timeout):
    """Its output goes to a file, .deployer/restart.log: a daemon it starts would hold a pipe open for ever."""
    import subprocess

    with open(os.path.join(root, ".deployer", "restart.log"), "w+b") as said:
        try:
            started = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
        except OSError as error:
            raise Failed("cannot start %s: %s" % (command[0], error.strerror)) from None
        try:
            code = started.wait(timeout)
        except subprocess.TimeoutExpired:
            started.send_signal(signal.SIGTERM)
            raise Failed("%s did not end within %g s" % (" ".join(command), timeout)) from None
        if code:
            said.seek(0)
            text = said.read().decode("utf-8", "replace").strip()[-500:]
            raise Failed("%s failed (exit %d): %s" % (" ".join(command), code, text or "it said nothing"))


def process(told):
    """(pid, start time in clock ticks since boot) of the service's main process; None when it does not run."""
    import subprocess

    if told.get("unit"):
        command = ["systemctl", "show", "--property=MainPID", "--value", told["unit"]]
    elif told.get("control"):
        command = [told["control"], "pid"]
    else:
        raise Failed("neither a systemd unit nor a control command is given: set app.unit or app.control")
    try:
        asked = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=10,
            check=False,
        )
        pid = int(asked.stdout.decode().strip() or 0)
        return (pid, start_of(pid)) if pid and asked.returncode == 0 else None
    except OSError as error:
        raise Failed("cannot ask %s: %s" % (command[0], error.strerror)) from None
    except (ValueError, subprocess.TimeoutExpired, IndexError, Gone):
        return None


class Gone(Exception):
    pass


def start_of(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        raise Gone(pid) from None
    if fields[0] in "ZX":
        raise Gone(pid)
    return int(fields[19])


# --- words -------------------------------------------------------------------------------------------------------


def in_words(error):
    where = error.filename or "the host"
    known = {
        errno.ENOSPC: "disk full: %s" % where,
        errno.EDQUOT: "disk quota reached: %s" % where,
        errno.EROFS: "read-only file system: %s" % where,
        errno.EACCES: "user %d may not write %s: set ansible_become, or its owner" % (os.geteuid(), where),
        errno.EPERM: "user %d may not change %s: set ansible_become, or its owner" % (os.geteuid(), where),
    }
    return known.get(error.errno, "%s: %s" % (where, error.strerror or error))

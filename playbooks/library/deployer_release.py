#!/usr/bin/python
"""Documentation of the action plugin of the same name, for `ansible-doc -M playbooks/library deployer_release`"""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployer_release
short_description: A release on a host, fetched beside the running one or deployed
description:
  - The host's part of a verb as one task, idempotent, with check mode and diff.
  - V(fetched) sends the artifact (or lets the host pull it), checks its digest there, unpacks it safely into a folder
    of its own and renames that to C(<root>/releases/<version>). Old releases are pruned, assets are bridged.
  - V(deployed) switches C(<root>/current) atomically, restarts the service and waits until its main process is
    newer than the task by the host's own clock.
  - Runs as an action plugin; the host needs python3 (3.6 or newer) and nothing else.
version_added: "0.1.0"
author:
  - deployer
options:
  state:
    description: What shall be true.
    type: str
    choices: [fetched, deployed]
    required: true
  root:
    description: Folder of the service on the host; holds C(releases/), C(current) and C(shared/).
    type: path
    required: true
  version:
    description: The release.
    type: str
    required: true
  artifact:
    description: A tar archive on the controller, or an http(s) URL from which the host pulls it. For V(fetched).
    type: str
  sha256:
    description:
      - Hex digest of the artifact. A path may have it in C(<artifact>.sha256), a URL needs it.
      - For V(deployed), the digest the fetched release must have; left out means any.
    type: str
  keep:
    description: How many releases stay; the running one and the last good one are never pruned.
    type: int
    default: 5
  assets:
    description: Folder of the release that is copied to C(<root>/shared/assets); what lies there is not replaced.
    type: str
  assets_days:
    description: Assets that no release brought for so many days are removed there.
    type: float
    default: 30
  unit:
    description: The systemd unit that is restarted.
    type: str
  control:
    description: Instead of O(unit), a command on the host called with C(restart) and C(pid).
    type: path
  start_timeout:
    description: Seconds until a new process must be there.
    type: float
    default: 60
  order:
    description: Who acts, as C(service), C(run), C(epoch), C(step). A host refuses an epoch older than its newest.
    type: dict
  health_file:
    description: The host's health file; the fence, which names the newest run that acted here, is kept beside it.
    type: path
  curtain:
    description: A file on the controller; the host is not touched before it exists.
    type: path
  timeout:
    description: Seconds for the host's whole part, counted from the go; 0 means none.
    type: float
    default: 0
attributes:
  check_mode:
    support: full
    description: Reports what would change.
  diff_mode:
    support: full
    description: Shows the digest, or where C(current) points, before and after.
"""

EXAMPLES = r"""
- name: Fetch release 1.1.0
  deployer_release:
    state: fetched
    root: /srv/shop
    version: 1.1.0
    artifact: /srv/artifacts/shop-1.1.0.tar.gz

- name: Switch to it and restart the service
  deployer_release:
    state: deployed
    root: /srv/shop
    version: 1.1.0
    unit: shop
"""

RETURN = r"""
version:
  description: The release.
  returned: fetched
  type: str
pid:
  description: Main process of the service.
  returned: deployed
  type: int
start_ticks:
  description: When it was started, in clock ticks since boot.
  returned: deployed
  type: int
seconds:
  description: How long the host took.
  returned: always
  type: float
"""

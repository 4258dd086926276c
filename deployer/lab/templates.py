"""The product's own templates, rendered as Ansible would"""

from __future__ import annotations

from deployer.shipped import rendered as render

__all__ = ["render"]

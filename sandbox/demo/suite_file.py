"""The configuration that the OpenID Foundation's suite takes for each plan, as JSON files, and the command of each.

Contains the suite's own member names. Not here: the plans (`suite_plans`), its browser (`suite_browser`).
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.demo import ready_file
from sandbox.demo.conformance import DEFAULT_SUITE
from sandbox.demo.fapi_clients import FapiKind
from sandbox.demo.fapi_keys import FapiKeys
from sandbox.demo.places import Places
from sandbox.demo.ports import Ports
from sandbox.demo.suite_browser import Scripts
from sandbox.demo.suite_nginx import nginx_command
from sandbox.demo.suite_plans import PLANS, Plan

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SuiteFiles:
    """`told`: what the ready file tells a suite. `keys`: of the FAPI 2.0 clients, by role."""

    ports: Ports
    places: Places
    told: Mapping[str, Any]
    keys: Mapping[str, FapiKeys]

    def write(self) -> Json:
        """Write a file per plan, each for its owner alone. Returns what the ready file tells of them."""
        for plan in PLANS:
            ready_file.write(self.places.plan(plan.file), self.configuration(plan))
        nginx = {"origin": self.ports.mtls_origin, "command": nginx_command(self.places)}
        return {"plans": [self._described(plan) for plan in PLANS], "nginx": nginx}

    def configuration(self, plan: Plan) -> Json:
        scripts = Scripts(self.ports.issuer, self.told["suite"], self.told["person"])
        clients = self._fapi(plan.fapi) if plan.fapi else self._with_secrets(plan.clients)
        return {
            "alias": self.told["suite"].rpartition("/")[2],
            "description": f"Caducée, on this machine: {plan.file}",
            "server": {"discoveryUrl": self.told["discovery"], "login_hint": self.told["person"]["login"]},
            **clients,
            "browser": scripts.usual(),
            "override": {module: {"browser": script(scripts)} for module, script in plan.scripts.items()},
        }

    def _with_secrets(self, roles: Mapping[str, str]) -> Json:
        known = self.told["clients"]
        return {
            member: {name: known[role][name] for name in ("client_id", "client_secret")}
            for member, role in roles.items()
        }

    def _fapi(self, kind: FapiKind) -> Json:
        clients = {role: kind.configuration(role, keys) for role, keys in self.keys.items()}
        origin = self.ports.mtls_origin if kind.has_certificate else self.ports.issuer
        certificates = {
            role.replace("client", "mtls"): {"cert": keys.certificate, "key": keys.key, "ca": keys.authority}
            for role, keys in self.keys.items()
            if kind.has_certificate
        }
        return {**clients, **certificates, "resource": {"resourceUrl": f"{origin}/userinfo"}}

    def _described(self, plan: Plan) -> Json:
        path = self.places.plan(plan.file)
        return {
            "plan": plan.chosen,
            "configuration": str(path),
            "command": self._command(plan, path),
            "needs_nginx": plan.needs_nginx,
        }

    def _command(self, plan: Plan, path: Path) -> str:
        """Returns the suite's own command. It looks for the suite at the default address unless told otherwise."""
        base, default = (suite.partition("/test/")[0] for suite in (self.told["suite"], DEFAULT_SUITE))
        there = (
            "" if base == default else f"CONFORMANCE_DEV_MODE=1 CONFORMANCE_SERVER={shlex.quote(base + '/')} "
        )
        return there + shlex.join(["scripts/run-test-plan.py", plan.chosen, str(path)])

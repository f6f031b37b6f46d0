"""deploy/kubernetes, without a cluster: what kustomize puts together, read as files, holds what the text promises."""

import shutil
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from idp.settings import read_settings
from tests.commands import ROOT

BASE, REGION, OPERATOR = (ROOT / "deploy" / "kubernetes" / name for name in ("base", "region", "operator"))
PARTS = ["idp", "card-host", "worker"]
#: What runs in a pod: the parts, and the one in which an operator gives commands.
PODS = [*PARTS, "operator"]
#: Made by the operator, of what is secret.
SECRETS = {"caducee", "caducee-card-tls", "caducee-issuer-tls"}
_PART_OF = "app.kubernetes.io/part-of"


def listing(folder: Path) -> Any:
    return yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))


def documents(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.yaml")):
        if file.name not in ("kustomization.yaml", "clients.yaml"):
            yield from yaml.safe_load_all(file.read_text("utf-8"))


ALL = [*documents(BASE), *documents(REGION), *documents(OPERATOR)]


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {found["metadata"]["name"]: found for found in ALL if found["kind"] == kind}


def pod(name: str) -> dict[str, Any]:
    found = of_kind("Job" if name == "operator" else "Deployment")[name]
    made: dict[str, Any] = found["spec"]["template"]["spec"]
    return made


def container(name: str) -> dict[str, Any]:
    (only,) = pod(name)["containers"]
    made: dict[str, Any] = only
    return made


@pytest.mark.parametrize("folder", [BASE, REGION, OPERATOR], ids=["base", "region", "operator"])
def test_every_file_is_listed_and_every_listed_one_is_there(folder: Path) -> None:
    files = {file.name for file in folder.glob("*.yaml")} - {"kustomization.yaml", "clients.yaml"}
    assert set(listing(folder)["resources"]) - {"../base", "../region"} == files
    for generator in listing(folder).get("configMapGenerator", []):
        for file in chain(generator.get("envs", []), generator.get("files", [])):
            assert (folder / file).is_file()


def test_kustomize_puts_it_together() -> None:
    binary = shutil.which("kubectl")
    if binary is None:
        return  # what it would read is read by the other tests
    for folder, pods in ((REGION, PARTS), (OPERATOR, ["operator"])):
        made = subprocess.run(
            [binary, "kustomize", folder], capture_output=True, text=True, check=True
        ).stdout
        read = list(yaml.safe_load_all(made))
        running = [one for one in read if one["kind"] in ("Deployment", "Job")]
        assert sorted(one["metadata"]["name"] for one in running) == sorted(pods)
        settings = {one["metadata"]["name"] for one in read if one["kind"] == "ConfigMap"}
        for one in running:
            (only,) = one["spec"]["template"]["spec"]["containers"]
            assert only["image"] == "registry.region.example/caducee/idp:2026.12"
            # The names end in a digest of what is in them.
            assert only["envFrom"][0]["configMapRef"]["name"] in settings


def test_commands_run_by_the_image_of_the_overlay_as_the_worker_runs_where_all_may_be_reached() -> None:
    assert listing(OPERATOR)["images"] == listing(REGION)["images"]
    assert listing(OPERATOR)["namespace"] == listing(REGION)["namespace"]
    pods = {name: pod(name) for name in ("operator", "worker")}
    assert pods["operator"]["volumes"] == pods["worker"]["volumes"]
    assert container("operator")["volumeMounts"] == container("worker")["volumeMounts"]
    labels = of_kind("Job")["operator"]["spec"]["template"]["metadata"]["labels"]
    assert labels[_PART_OF] == "caducee"


def test_whoever_opens_the_pod_for_commands_leaves_the_deployments_as_they_are() -> None:
    patches = [yaml.safe_load(one["patch"]) for one in listing(OPERATOR)["patches"]]
    assert {one["$patch"] for one in patches} == {"delete"}
    assert [one["metadata"]["name"] for one in patches] == PARTS


@pytest.mark.parametrize("name", PODS)
def test_no_part_is_root_writes_to_its_image_or_may_ask_the_cluster(name: str) -> None:
    assert pod(name)["securityContext"]["runAsNonRoot"] is True
    assert pod(name)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod(name)["automountServiceAccountToken"] is False
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("name", PARTS)
def test_each_part_has_a_budget_and_goes_one_at_a_time(name: str) -> None:
    deployment = of_kind("Deployment")[name]["spec"]
    resources = container(name)["resources"]
    assert resources["requests"].keys() == {"cpu", "memory"}
    assert "memory" in resources["limits"]
    assert "cpu" not in resources["limits"], "a limit of CPU makes a hash wait for the next period"
    assert deployment["replicas"] >= 2
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    disruption = of_kind("PodDisruptionBudget")[name]["spec"]
    assert disruption == {"maxUnavailable": 1, "selector": deployment["selector"]}
    assert (
        deployment["template"]["metadata"]["labels"].items() >= deployment["selector"]["matchLabels"].items()
    )


@pytest.mark.parametrize("name", ["idp", "card-host"])
def test_what_answers_is_probed_and_leaves_before_it_ends(name: str) -> None:
    part = container(name)
    ports = {port["name"]: port["containerPort"] for port in part["ports"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = part[probe].get("httpGet") or part[probe]["tcpSocket"]
        assert asked["port"] in ports
    (_, seconds) = part["lifecycle"]["preStop"]["exec"]["command"]
    assert pod(name)["terminationGracePeriodSeconds"] >= int(seconds) + 30
    (service,) = of_kind("Service")[name]["spec"]["ports"]
    assert service["targetPort"] in ports
    allowed = [
        port["port"]
        for policy in of_kind("NetworkPolicy").values()
        if policy["spec"]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": name}
        for rule in policy["spec"]["ingress"]
        for port in rule["ports"]
    ]
    assert allowed == [service["port"] if name == "idp" else ports["tls"]]


def test_monitoring_reaches_the_operations_listeners_and_nobody_else() -> None:
    settings = dict(line.split("=", 1) for line in (REGION / "caducee.conf").read_text("utf-8").splitlines())
    listening = {}
    for name, port in (("idp", "PORT"), ("worker", "WORKER_PORT")):
        (listening[name],) = (
            found["containerPort"] for found in container(name)["ports"] if found["name"] == "operations"
        )
        assert settings[f"CADUCEE_OPERATIONS_{port}"] == str(listening[name])
        assert container(name)["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "operations"}
    (rule,) = of_kind("NetworkPolicy")["caducee-monitoring"]["spec"]["ingress"]
    assert {port["port"] for port in rule["ports"]} == set(listening.values())
    assert rule["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    ]


def test_a_provider_that_lives_is_not_killed_for_a_store_that_is_away() -> None:
    part = container("idp")
    assert part["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert part["readinessProbe"]["httpGet"]["path"] == "/readyz"


@pytest.mark.parametrize("name", PODS)
def test_what_a_part_mounts_is_there(name: str) -> None:
    volumes = {volume["name"]: volume for volume in pod(name)["volumes"]}
    assert {mount["name"] for mount in container(name)["volumeMounts"]} == volumes.keys()
    generated = {generator["name"] for generator in listing(REGION)["configMapGenerator"]}
    for volume in volumes.values():
        if "configMap" in volume:
            assert volume["configMap"]["name"] in generated
        if "secret" in volume:
            assert volume["secret"]["secretName"] in SECRETS
        if "persistentVolumeClaim" in volume:
            assert volume["persistentVolumeClaim"]["claimName"] in of_kind("PersistentVolumeClaim")
    assert container(name)["envFrom"] == [
        {"configMapRef": {"name": "caducee"}},
        {"secretRef": {"name": "caducee"}},
    ]


def test_nothing_passes_but_what_is_named() -> None:
    policies = of_kind("NetworkPolicy")
    nothing = policies["caducee-nothing"]["spec"]
    assert nothing == {
        "podSelector": {"matchLabels": {_PART_OF: "caducee"}},
        "policyTypes": ["Ingress", "Egress"],
    }
    # The pods carry what it selects them by.
    assert listing(BASE)["labels"] == [{"pairs": {_PART_OF: "caducee"}, "includeTemplates": True}]
    for policy in policies.values():
        for rule in policy["spec"].get("egress", []):
            assert rule["to"]
            assert rule["ports"]


def test_settings_of_the_region_are_read_with_the_secrets_that_it_names() -> None:
    lines = (REGION / "caducee.conf").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines)
    secret = {
        "CADUCEE_DATABASE": "postgresql+psycopg://caducee:a@10.20.0.10/caducee",
        "CADUCEE_REDIS": "redis+sentinel://:b@10.20.0.21:26379,10.20.0.22:26379/caducee?sentinel_password=b",
        "CADUCEE_APPLICATION_KEY": "k" * 43,
        "CADUCEE_PASSWORD_PEPPER": "p" * 43,
        "CADUCEE_PSC_CLIENT_SECRET": "c" * 43,
    }
    settings = read_settings(given | secret)
    mounted = {mount["mountPath"] for mount in container("card-host")["volumeMounts"]}
    assert str(Path(given["CADUCEE_CARD_KEY_FILE"]).parent) in mounted
    home = Path("/srv/caducee")
    assert {str(home / path) for path in (settings.keys.directory, settings.card.trust_directory)} <= mounted
    (port,) = container("card-host")["ports"]
    assert given["CADUCEE_CARD_LISTEN"].endswith(f":{port['containerPort']}")

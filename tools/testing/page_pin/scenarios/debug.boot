# shellcheck shell=bash
# As hold; KASAN needs an eighth of the memory.
# shellcheck source-path=SCRIPTDIR source=hold.boot
. "$PP_DIR/scenarios/hold.boot"

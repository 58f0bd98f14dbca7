#!/bin/sh
# The demonstration game: it prints lines, ticks, and understands a few commands on its console.
world=${1:-world}
every=${TICK_SECONDS:-5}
save=/home/container/$world.ticks

say() { printf '[%s] %s\n' "$(date +%H:%M:%S)" "$*"; }

bye() {
  say "Saving $world at tick $tick"
  echo "$tick" >"$save"
  say "Bye"
  exit 0
}

tick=0
trap bye INT TERM
say "Loading $world"
[ -r "$save" ] && read -r tick <"$save"
case $tick in *[!0-9]* | '') tick=0 ;; esac
say "$world is at tick $tick"
say 'Done! For help, type "help"'

while :; do
  before=$(date +%s)
  if read -r -t "$every" line; then
    case $line in
    '') ;;
    help) say "Commands: help, list, tick, say TEXT, crash, stop" ;;
    list) say "There are 0 of 0 players online; it is a quiet world" ;;
    tick) say "Tick $tick" ;;
    'say '*) say "<console> ${line#say }" ;;
    crash) say "Crashing on request" && exit 1 ;;
    stop) bye ;;
    *) say "Unknown command: $line. Type \"help\" for the list" ;;
    esac
  else
    # Without a console read returns at once: do not spin then.
    [ "$(date +%s)" = "$before" ] && sleep "$every"
    tick=$((tick + 1))
    say "Tick $tick: the sun moves over $world"
  fi
done

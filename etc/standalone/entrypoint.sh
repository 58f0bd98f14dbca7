#!/bin/sh
# As game images do: {{NAME}} in the startup command stands for the variable NAME.
cd /home/container || exit 1
command=$(printf '%s' "$STARTUP" | sed -e 's/{{/${/g' -e 's/}}/}/g')
printf 'container@pinion~ %s\n' "$command"
eval "exec $command"

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasProgram, MAIN, makePlace, randomValue, runProgram } from '../support/cli.ts';

const programs = ['dbus-run-session', 'dbus-send', 'gnome-keyring-daemon'];
const missing = programs.find((name) => !hasProgram(name));

test(
  'a keychain vault opens without a question and without a variable, also for a session',
  { skip: missing === undefined ? false : `${missing} is not installed`, timeout: 60_000 },
  async () => {
    const place = makePlace();
    const value = randomValue();
    // A real Secret Service in a D-Bus session of its own, unlocked with a throw-away password.
    const script = `
      printf pw | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
      daemon=$!
      until dbus-send --session --print-reply --dest=org.freedesktop.DBus / \\
        org.freedesktop.DBus.GetNameOwner string:org.freedesktop.secrets >/dev/null 2>&1
      do kill -0 $daemon || exit 9; done
      vs() { "${process.execPath}" "${MAIN}" "$@"; }
      unset VAULT_SHELL_HEXKEY
      vs init --key keychain && printf %s "$VALUE" | vs set t && unset VALUE &&
        vs -c '/bin/echo "x $VAULT<t>"; env | grep -c HEXKEY' ; vs key list
      kill $daemon`;
    try {
      const { stdout, stderr } = await runProgram(
        'dbus-run-session',
        ['--', 'bash', '-c', script],
        place,
        { env: { VALUE: value } },
      );
      assert.match(stdout, /^x \*\*\*\n0\n/, stderr);
      assert.match(stdout, /^[0-9a-f]{8} {2}keychain/m);
    } finally {
      place.remove();
    }
  },
);

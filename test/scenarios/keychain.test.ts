import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAIN, makePlace, randomValue, runProgram } from '../support/cli.ts';
import { missing } from '../support/programs.ts';

const skip = missing('dbus-run-session', 'dbus-send', 'gnome-keyring-daemon');

/** A real Secret Service in a D-Bus session of its own, unlocked with a throw-away password. */
const WITH_KEYCHAIN = `
  printf pw | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
  daemon=$!
  until dbus-send --session --print-reply --dest=org.freedesktop.DBus / \\
    org.freedesktop.DBus.GetNameOwner string:org.freedesktop.secrets >/dev/null 2>&1
  do kill -0 $daemon || exit 9; done
  vs() { "${process.execPath}" "${MAIN}" "$@"; }
  unset VAULT_SHELL_HEXKEY`;

test(
  'a keychain vault opens without a question and without a variable, also for a session',
  { skip, timeout: 60_000 },
  async () => {
    const place = makePlace();
    const value = randomValue();
    const script = `${WITH_KEYCHAIN}
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

test(
  "all of a keychain vault's files put back together are noticed by audit verify",
  { skip, timeout: 60_000 },
  async () => {
    const place = makePlace();
    const script = `${WITH_KEYCHAIN}
      vs init --key keychain && printf %s "$VALUE" | vs set t && vs run -s t true
      cp -a "$VAULT_SHELL_DIR" copy
      vs run -s t true && vs audit verify
      rm -r "$VAULT_SHELL_DIR" && mv copy "$VAULT_SHELL_DIR"
      vs audit verify; echo "code $?"
      vs run -s t true; vs run -s t true; vs audit verify; echo "code $?"
      vs audit verify --accept && vs audit verify
      kill $daemon`;
    try {
      const { stdout, stderr } = await runProgram(
        'dbus-run-session',
        ['--', 'bash', '-c', script],
        place,
        { env: { VALUE: randomValue() } },
      );
      assert.deepEqual(stdout.trimEnd().split('\n'), [
        '2 rows, chain whole',
        'code 1',
        'code 1',
        '3 rows, chain whole',
        '3 rows, chain whole',
      ]);
      assert.match(stderr, /row 2 is missing: the keychain knows the log up to row 2\n/);
      assert.match(stderr, /row 2 is another one than the keychain knows/);
    } finally {
      place.remove();
    }
  },
);

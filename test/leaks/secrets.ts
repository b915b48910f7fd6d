import { BASE62, type Random } from '../support/random.ts';
import { ecPem, ed25519Pem, rsaPem } from './keys.ts';

export interface RealisticSecret {
  readonly kind: string;
  readonly value: string;
}

const DIGITS = '0123456789';
const HEX = `${DIGITS}abcdef`;
const BASE64 = `${BASE62}+/`;
const BASE64URL = `${BASE62}-_`;
const LETTERS_DIGITS = BASE62.slice(0, 26) + DIGITS;
const PASSWORD = `${BASE62}!#$%&*+-./:=?@^_~`;
/** Of a word list for passphrases: every one of them stands in ordinary text. */
const WORDS =
  'copper ladder winter orbit castle maple signal velvet harbor rocket pencil meadow window random ' +
  'branch memory number socket kernel driver buffer stream filter table handle module object option';

/** Each kind by the shape its issuer gives it. */
const KINDS: Readonly<Record<string, (random: Random) => string>> = {
  'GitHub token': (r) => `ghp_${r.text(BASE62, 36)}`,
  'GitHub fine-grained token': (r) => `github_pat_${r.text(BASE62, 22)}_${r.text(BASE62, 59)}`,
  'OpenAI key': (r) => `sk-proj-${r.text(BASE64URL, 74)}T3BlbkFJ${r.text(BASE64URL, 74)}`,
  'Anthropic key': (r) => `sk-ant-api03-${r.text(BASE64URL, 93)}AA`,
  'Stripe key': (r) => `sk_live_${r.text(BASE62, 24)}`,
  'AWS access key id': (r) => `AKIA${r.text(LETTERS_DIGITS, 16)}`,
  'AWS secret key': (r) => r.text(BASE64, 40),
  'Slack token': (r) => `xoxb-${r.text(DIGITS, 12)}-${r.text(DIGITS, 13)}-${r.text(BASE62, 24)}`,
  'npm token': (r) => `npm_${r.text(BASE62, 36)}`,
  'GitLab token': (r) => `glpat-${r.text(BASE64URL, 20)}`,
  JWT: jwt,
  'hex key, 16 bytes': (r) => r.text(HEX, 32),
  'hex key, 32 bytes': (r) => r.text(HEX, 64),
  UUID: (r) => [8, 4, 4, 4, 12].map((length) => r.text(HEX, length)).join('-'),
  'PostgreSQL URL': (r) =>
    `postgres://app:${r.text(BASE62, 20)}@db.example.com:5432/app?sslmode=require`,
  'Redis URL': (r) => `redis://default:${r.text(BASE62, 24)}@cache.example.com:6379/0`,
  'AMQP URL': (r) => `amqps://service:${r.text(BASE62, 16)}@queue.example.com/main`,
  password: (r) => r.text(PASSWORD, 12 + r.below(9)),
  'random base62': (r) => r.text(BASE62, 32),
  'random base64': (r) => r.bytes(32).toString('base64'),
  passphrase: (r) => Array.from({ length: 4 }, () => r.pick(WORDS.split(' '))).join(' '),
  'passphrase with dashes': (r) =>
    Array.from({ length: 4 }, () => r.pick(WORDS.split(' '))).join('-'),
  'Ed25519 key': ed25519Pem,
  'EC key': ecPem,
  'service account': serviceAccount,
};
/** These are long: a few of them are as many as a vault has. */
const RSA_KEYS = 2;

/** Gives `count` secrets of all kinds in turn. */
export function realisticSecrets(count: number, random: Random): RealisticSecret[] {
  const secrets: RealisticSecret[] = Array.from({ length: RSA_KEYS }, (_, n) => ({
    kind: 'RSA key',
    value: rsaPem(random, n % 2 === 0 ? 'pkcs8' : 'pkcs1'),
  }));
  const kinds = Object.entries(KINDS);
  for (let n = 0; secrets.length < count; n++) {
    const [kind, make] = kinds[n % kinds.length] ?? ['password', () => ''];
    secrets.push({ kind, value: make(random) });
  }
  return secrets;
}

function jwt(random: Random): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: random.text(DIGITS, 10), iat: 1_700_000_000 + random.below(1e7) };
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.${random.bytes(32).toString('base64url')}`;
}

/** A file as Google writes it. */
function serviceAccount(random: Random): string {
  const project = `project-${random.text(DIGITS, 6)}`;
  const email = `robot@${project}.iam.gserviceaccount.com`;
  const account = {
    type: 'service_account',
    project_id: project,
    private_key_id: random.text(HEX, 40),
    private_key: ed25519Pem(random),
    client_email: email,
    client_id: random.text(DIGITS, 21),
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: 'https://oauth2.googleapis.com/token',
    auth_provider_x509_cert_url: 'https://www.googleapis.com/oauth2/v1/certs',
    client_x509_cert_url: `https://www.googleapis.com/robot/v1/metadata/x509/${encodeURIComponent(email)}`,
    universe_domain: 'googleapis.com',
  };
  return `${JSON.stringify(account, undefined, 2)}\n`;
}

// openid-client as a relying party, told what to do line by line: JSON in, JSON out. Its private keys stay here.
import { createInterface } from "node:readline";
import * as client from "openid-client";

const wish = JSON.parse(process.argv[2]);
const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
const registered = { key: keys.privateKey, kid: "rp" };
const ours = await crypto.subtle.generateKey(
  { name: "RSA-OAEP", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
  false,
  ["decrypt"],
);
const opening = { key: ours.privateKey, kid: "rp-enc", alg: "RSA-OAEP-256" };

const authentications = {
  client_secret_basic: () => client.ClientSecretBasic(wish.client_secret),
  client_secret_post: () => client.ClientSecretPost(wish.client_secret),
  private_key_jwt: () => client.PrivateKeyJwt(registered),
  none: () => client.None(),
};

let config, binding, pending, tokens;

async function discover() {
  config = await client.discovery(
    new URL(wish.issuer),
    wish.client_id,
    wish.metadata ?? {},
    authentications[wish.auth_method](),
  );
  if (wish.encrypted) client.enableDecryptingResponses(config, [wish.encrypted], opening);
  if (wish.jarm) client.useJwtResponseMode(config);
  binding = wish.dpop ? { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) } : undefined;
  return {};
}

async function begin({ parameters = {} }) {
  pending = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  };
  let asked = {
    redirect_uri: wish.redirect_uri,
    scope: wish.scope,
    state: pending.expectedState,
    nonce: pending.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pending.pkceCodeVerifier),
    code_challenge_method: "S256",
    ...parameters,
  };
  if (wish.jar) asked = (await client.buildAuthorizationUrlWithJAR(config, asked, registered)).searchParams;
  if (wish.par) return { url: await client.buildAuthorizationUrlWithPAR(config, asked, binding) };
  return { url: client.buildAuthorizationUrl(config, asked) };
}

async function finish({ url }) {
  tokens = await client.authorizationCodeGrant(config, new URL(url), pending, undefined, binding);
  return { tokens, claims: tokens.claims(), userinfo: await userinfo() };
}

async function userinfo() {
  return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, binding);
}

async function refresh() {
  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, binding);
  tokens = { ...tokens, ...renewed, claims: renewed.claims.bind(renewed) };
  return { tokens: renewed, userinfo: await userinfo() };
}

const deeds = {
  key: async () => ({ ...(await crypto.subtle.exportKey("jwk", keys.publicKey)), kid: "rp", use: "sig" }),
  encryption_key: async () => ({
    ...(await crypto.subtle.exportKey("jwk", ours.publicKey)),
    kid: "rp-enc",
    use: "enc",
    alg: "RSA-OAEP-256",
  }),
  discover,
  begin,
  finish,
  refresh,
  introspect: async () => client.tokenIntrospection(config, tokens.access_token),
  revoke: async () => (await client.tokenRevocation(config, tokens.access_token)) ?? {},
  logout: async ({ parameters }) => ({
    url: client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, ...parameters }),
  }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { deed, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { done: await deeds[deed](given) };
  } catch (error) {
    answer = { failed: { name: error.name, error: error.error, message: error.message, status: error.status } };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

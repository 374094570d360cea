import { type Answer, tomcatPage } from '../../src/sandbox/answer.ts';
import type { Call } from '../../src/sandbox/call.ts';

/**
 * A release of the CRA gateway (docs/protocols.md 2). The extension's sandbox plays the newest one, which answers the classic
 * calls as well.
 */
export const profiles = ['classic', 'cmi', 'newest'] as const;
export type Profile = (typeof profiles)[number];

/** A call to an older release as the newest one has it; undefined where the older one has nothing at that path. */
export function asNewest(profile: Profile, call: Call): Call | undefined {
  const [first, root, services, ...path] = call.path;
  if (profile === 'newest' || first !== 'cra') {
    return call;
  }
  if (root !== 'ServiceGateway' || services !== 'Services') {
    return undefined;
  }
  // CMI has the newer calls under the classic root, with the service in every path and without the log-on by JSON.
  const isNewer = path[1] === 'login' || ['products', 'Logoff'].includes(path[0] ?? '');
  return profile === 'classic'
    ? call
    : isNewer
      ? undefined
      : { ...call, path: ['cra', 'serviceGateway', 'services', ...path] };
}

/** The 401 by which a gateway asks for its Tomcat user, `tomcat:tomcat`; undefined where nothing is missing. */
export function basicChallenge({ method, path, authorization }: Call): Answer | undefined {
  const isGuarded =
    method === 'POST' && path[0] === 'cra' && ['keepalive', 'close', 'Logoff'].includes(path.at(-1) ?? '');
  const challenge = { 'WWW-Authenticate': 'Basic realm="Common REST API", charset="UTF-8"' };
  return isGuarded && authorization !== `Basic ${btoa('tomcat:tomcat')}`
    ? tomcatPage(401, 'This request requires the Tomcat user', challenge)
    : undefined;
}

// Where a function answers: what listens there loads it with the request that asks for it, so nobody has to be asked before. Pure.

const scheme = "function://";

/** `place` is "10.1.2.3:10000". */
export const functionAddress = (place: string): string => `${scheme}${place}`;

export const isOfFunction = (address: string): boolean => address.startsWith(scheme);

/** Where to connect to, of an address of either kind. */
export const placeIn = (address: string): string => (isOfFunction(address) ? address.slice(scheme.length) : address);

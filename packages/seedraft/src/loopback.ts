/** Hosts that only this machine reaches: what listens there, or goes there, needs no guard against strangers. */
export const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

/** What others need of the viewer: the shape of a report, for whoever writes one. */
export * from './report.ts';

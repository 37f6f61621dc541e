/** Styles are taken up by the build of the page. */
declare module '*.css';

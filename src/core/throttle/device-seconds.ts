// How long a device is known: in its own file, so that pages can import it without the tables.
/** As long as a browser keeps a cookie at all. https://developer.chrome.com/blog/cookie-max-age-expires */
export const DEVICE_SECONDS = 400 * 24 * 60 * 60;

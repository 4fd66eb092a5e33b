import { reservedRefusal } from "../../access/reserved_apps.ts";
import { escapePath, streamPath, unescapePath } from "../../stream/stream_path.ts";

/**
 * Where the page plays the stream whose path somebody has typed into a browser: "/#live/test" for
 * "/live/test". `undefined` for who does not ask for a page, and for what is no path of an application
 * and a stream.
 *
 * @param accept the header
 */
export function playerAddress(
  { pathname, searchParams }: Pick<URL, "pathname" | "searchParams">,
  accept: string | undefined,
): string | undefined {
  if (!acceptsHtml(accept)) return undefined;
  const stream = streamPath("", unescapePath(`${pathname}/`, "/") ?? "");
  if ("problem" in stream) return undefined;
  const { path } = stream;
  if (!path.includes("/") || reservedRefusal("play", path) !== undefined) return undefined;
  const token = searchParams.get("token");
  const query = token === null ? "" : `?token=${encodeURIComponent(token)}`;
  return `/${query}#${escapePath(path)}`;
}

/** Whether it is asked for by name, as a browser does for what is to be shown; media players do not. */
function acceptsHtml(accept = ""): boolean {
  return accept.split(",").some((range) => {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return type === "text/html" &&
      !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

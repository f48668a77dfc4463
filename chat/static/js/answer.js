// The envelope of the server's answers, and one kind of error.

/** What went wrong, by its code; `network` stands for "no answer". `fields` is `{name: [text]}`. */
export class ApiError extends Error {
  constructor({ code, message = "", fields = null, retry_after: retryAfter = 0 }) {
    super(message || code);
    this.code = code;
    this.fields = fields;
    this.retryAfter = retryAfter;
  }
}

/** The data of an answer, null for an empty one. Throws ApiError for what is none, or an error. */
export function answerOf(status, text) {
  if (status === 204) return null;
  const isOk = status >= 200 && status < 300;
  const answer = parse(text);
  if (isOk && answer && "data" in answer) return answer.data;
  throw new ApiError(answer?.error ?? { code: isOk ? "internal" : "unavailable" });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's own error page
  }
}

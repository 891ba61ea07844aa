// SPDX-License-Identifier: Apache-2.0
// The way in, where a login is set up.

import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, login } from "../model/api";
import { reconnect } from "../model/stream";
import { Mark } from "./parts";

function explain(failure: unknown): string {
  if (!(failure instanceof ApiError)) return String(failure);
  if (failure.status === 401) return "That is not the password.";
  if (failure.status === 429)
    return `Too many tries. ${failure.retryAfter ? `Try again in ${failure.retryAfter} s.` : "Try again later."}`;
  return failure.message;
}

export function LoginPage() {
  const [password, setPassword] = useState("");
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = async (ev: Event) => {
    ev.preventDefault();
    setBusy(true);
    try {
      await login(password);
      reconnect();
    } catch (failure) {
      setError(explain(failure));
      setBusy(false);
      field.current?.select();
    }
  };
  return (
    <main id="main" class="login" tabIndex={-1}>
      <form onSubmit={submit}>
        <Mark />
        <h1>Diarchy</h1>
        <label class="field">
          <span class="label">Password of this site</span>
          <input
            ref={field}
            type="password"
            name="password"
            value={password}
            required
            autocomplete="current-password"
            aria-invalid={error !== ""}
            aria-describedby="login-error"
            onInput={(ev) => setPassword(ev.currentTarget.value)}
          />
        </label>
        <p id="login-error" class="error" role="alert">
          {error}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? "Checking…" : "Log in"}
        </button>
      </form>
    </main>
  );
}

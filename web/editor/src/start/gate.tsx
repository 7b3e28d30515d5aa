import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Button } from "../components/button.js";

/** The hub cuts longer names. */
export const kNameMax = 64;

function Gate({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="gate">
      <p class="gate-brand">Theta</p>
      <h1 class="gate-title">{title}</h1>
      {children}
    </main>
  );
}

/** Asks by which name others should know the person. */
export function JoinPage(props: {
  room: string;
  hub: string;
  hasInvite: boolean;
  name: string;
  onJoin: (name: string) => void;
}) {
  const name = useSignal(props.name);
  const ready = name.value.trim() !== "";
  return (
    <Gate title="Join a room">
      <p class="gate-text">
        {props.hasInvite
          ? "Somebody invited you to build a 3D scene together. The invite decides whether you can edit or only " +
            "look; it shows once you are in."
          : "This link has no invite: it lets in who is a member already, from this browser."}
      </p>
      <form
        class="gate-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) props.onJoin(name.value.trim());
        }}
      >
        <label for="join-name">Your name</label>
        <input
          id="join-name"
          class="text-input"
          type="text"
          value={name.value}
          maxLength={kNameMax}
          autocomplete="nickname"
          autoFocus
          required
          aria-describedby="join-hint"
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
        <p id="join-hint" class="hint">
          Others see it beside your cursor and in the history. This browser remembers it.
        </p>
        <Button type="submit" kind="primary" disabled={!ready}>
          Join
        </Button>
      </form>
      <dl class="gate-facts">
        <div>
          <dt>Hub</dt>
          <dd>{props.hub}</dd>
        </div>
        <div>
          <dt>Room</dt>
          <dd>
            <code>{`${props.room.slice(0, 12)}…`}</code>
          </dd>
        </div>
      </dl>
    </Gate>
  );
}

/** While the core loads and the hub answers. */
export function WaitingPage({ text, onGiveUp }: { text: string; onGiveUp?: () => void }) {
  return (
    <Gate title="Opening the room…">
      <p class="gate-text" role="status">
        {text}
      </p>
      <div class="gate-bar" role="progressbar" aria-label="Opening the room" />
      {onGiveUp === undefined ? null : <Button onClick={onGiveUp}>Cancel</Button>}
    </Gate>
  );
}

/** Why the editor cannot open, and what to do. */
export function ProblemPage(props: {
  title: string;
  problems: readonly string[];
  advice?: string;
  action?: { readonly label: string; readonly run: () => void };
}) {
  return (
    <Gate title={props.title}>
      <div role="alert">
        {props.problems.map((problem) => (
          <p key={problem} class="gate-text">
            {problem}
          </p>
        ))}
      </div>
      {props.advice === undefined ? null : <p class="gate-text">{props.advice}</p>}
      {props.action === undefined ? null : (
        <Button kind="primary" onClick={props.action.run}>
          {props.action.label}
        </Button>
      )}
    </Gate>
  );
}

import { useSignal } from "@preact/signals";
import type { InviteLinks, Member, Role } from "@theta/client";
import { useEffect, useRef } from "preact/hooks";
import { Button, IconButton } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { Field, Select } from "../components/fields.js";
import { counted, sentence } from "../sentence.js";
import { useWorkspace } from "../workspace.js";
import { nameOr, roleName } from "./people.js";

const kDayMs = 24 * 60 * 60 * 1000;
const kExpiries = [
  { value: "1", label: "in a day" },
  { value: "7", label: "in a week" },
  { value: "30", label: "in 30 days" },
  { value: "never", label: "never" },
] as const;
const kUses = [
  { value: "1", label: "once" },
  { value: "10", label: "10 times" },
  { value: "100", label: "100 times" },
  { value: "any", label: "without limit" },
] as const;
const kRoles = [
  { value: "viewer", label: "Viewer: can look" },
  { value: "editor", label: "Editor: can edit" },
  { value: "admin", label: "Admin: can also invite and put out" },
] as const;

export default function InviteDialog({ onClose }: { onClose: () => void }) {
  const { editor } = useWorkspace();
  return editor.status.value.role === "admin" ? <MakeInvite onClose={onClose} /> : <WhoInvites onClose={onClose} />;
}

/** Of more admins than these only the number is told. */
const kAdminsNamedMax = 8;

/** For those who can't invite: who can, and what to ask them for. */
function WhoInvites({ onClose }: { onClose: () => void }) {
  const workspace = useWorkspace();
  const { editor } = workspace;
  const here = new Set(editor.participants.value.map(({ author }) => author));
  const admins = editor.members.value
    .filter(({ role }) => role === "admin")
    .sort((a, b) => Number(here.has(b.author)) - Number(here.has(a.author)));
  const showPeople = () => {
    onClose();
    workspace.openTab("people");
  };
  return (
    <Dialog
      title="Only admins can invite"
      onClose={onClose}
      footer={
        <>
          <Button onClick={showPeople}>Show everybody</Button>
          <Button kind="primary" onClick={onClose}>
            Close
          </Button>
        </>
      }
    >
      <p>{`You are ${roleName(editor.status.value.role) === "viewer" ? "a viewer" : "an editor"} in this room.`}</p>
      {admins.length === 0 ? (
        <p>This room has no admin; whoever runs the hub can give that role to somebody.</p>
      ) : (
        <>
          <p>Ask one of its admins to send an invite for you, or to make you an admin, too:</p>
          <ul class="people-list" aria-label="Admins of this room">
            {admins.slice(0, kAdminsNamedMax).map(({ author, name }) => (
              <li key={author} class="person">
                <span class="person-dot" style={{ background: editor.colorOf(author).fill }} />
                <span class="person-name">{nameOr(name)}</span>
                <span class="person-role">{here.has(author) ? "here now" : "away"}</span>
              </li>
            ))}
          </ul>
          {admins.length > kAdminsNamedMax ? (
            <p class="hint">{`and ${counted(admins.length - kAdminsNamedMax, "more admin")}`}</p>
          ) : null}
        </>
      )}
    </Dialog>
  );
}

function MakeInvite({ onClose }: { onClose: () => void }) {
  const { editor } = useWorkspace();
  const role = useSignal<Role>("editor");
  const expiry = useSignal<(typeof kExpiries)[number]["value"]>("7");
  const uses = useSignal<(typeof kUses)[number]["value"]>("10");
  const links = useSignal<InviteLinks | null>(null);
  const problem = useSignal("");
  const busy = useSignal(false);
  const make = async () => {
    busy.value = true;
    problem.value = "";
    try {
      links.value = await editor.room.createInvite({
        role: role.value,
        expiresAt: expiry.value === "never" ? null : new Date(Date.now() + Number(expiry.value) * kDayMs),
        uses: uses.value === "any" ? null : Number(uses.value),
      });
    } catch (error) {
      problem.value = sentence(error);
    } finally {
      busy.value = false;
    }
  };
  const changed =
    <Value,>(signal: { value: Value }) =>
    (value: Value) => {
      signal.value = value;
      links.value = null;
    };
  return (
    <Dialog title="Invite people" size="medium" onClose={onClose}>
      <div class="form">
        <Field label="They become">
          {(id) => <Select id={id} value={role.value} choices={kRoles} onChange={changed(role)} />}
        </Field>
        <Field label="The link ends">
          {(id) => <Select id={id} value={expiry.value} choices={kExpiries} onChange={changed(expiry)} />}
        </Field>
        <Field label="It can be used">
          {(id) => <Select id={id} value={uses.value} choices={kUses} onChange={changed(uses)} />}
        </Field>
      </div>
      {problem.value === "" ? null : (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      {links.value === null ? (
        <Button kind="primary" icon="link" disabled={busy.value} onClick={() => void make()}>
          Make a link
        </Button>
      ) : (
        <>
          <LinkLine label="For browsers" link={links.value.browser} focused />
          <LinkLine label="For native programs" link={links.value.native} />
          <p class="hint">Whoever has the link can come in. The part behind # never reaches a server.</p>
        </>
      )}
      <KnownInvites />
    </Dialog>
  );
}

function LinkLine({ label, link, focused = false }: { label: string; link: string; focused?: boolean }) {
  const { editor } = useWorkspace();
  const input = useRef<HTMLInputElement>(null);
  // The button that made the link is gone, and the focus must not go with it.
  useEffect(() => {
    if (focused) input.current?.focus();
  }, []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      editor.notify("success", "The link is copied.");
    } catch {
      editor.notify("warning", "This browser does not let the page copy; select the link and copy it by hand.");
    }
  };
  return (
    <Field label={label}>
      {(id) => (
        <span class="link-line">
          <input
            ref={input}
            id={id}
            class="text-input"
            readOnly
            value={link}
            onFocus={(event) => selectFromEnd(event.currentTarget)}
          />
          <IconButton icon="copy" label={`Copy the link ${label.toLowerCase()}`} onClick={() => void copy()} />
        </span>
      )}
    </Field>
  );
}

/** Browsers show the end of a selection where it moves to: backwards that is the start of the link, with its host. */
function selectFromEnd(input: HTMLInputElement): void {
  input.setSelectionRange(0, input.value.length, "backward");
  input.scrollLeft = 0;
}

/** The room's log names an invite only once somebody came by it. */
function KnownInvites() {
  const { editor } = useWorkspace();
  const byInvite = new Map<string, Member[]>();
  for (const member of editor.members.value) {
    if (member.invite !== undefined) byInvite.set(member.invite, [...(byInvite.get(member.invite) ?? []), member]);
  }
  if (byInvite.size === 0) return null;
  const revoke = (invite: string) => {
    const submitted = editor.room.submit({ command: "revoke_invite", invite });
    void editor.request("Revoke an invite", submitted);
  };
  return (
    <>
      <h3 class="list-title">Invites that people came by</h3>
      <ul class="people-list">
        {[...byInvite].map(([invite, members]) => (
          <li key={invite} class="person">
            <span class="person-name">{namesOf(members)}</span>
            <code class="person-role">{invite.slice(0, 8)}</code>
            <Button onClick={() => revoke(invite)}>Revoke</Button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Of more people than these who came by one invite only the number is told. */
const kNamesMax = 4;

function namesOf(members: readonly Member[]): string {
  const named = members.slice(0, kNamesMax).map(({ name }) => nameOr(name));
  const more = members.length - named.length;
  return more === 0 ? named.join(", ") : `${named.join(", ")} and ${more.toLocaleString("en")} more`;
}

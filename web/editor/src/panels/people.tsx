import { useSignal } from "@preact/signals";
import type { AuthorKey, Member, Participant, Role } from "@theta/client";
import { Button, IconButton } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { Toggle } from "../components/fields.js";
import { MenuButton, type MenuEntry } from "../components/menu.js";
import { kCoarsePointer } from "../components/pointer.js";
import { VirtualList } from "../components/virtual_list.js";
import { useWorkspace, type Workspace } from "../workspace.js";

const kRowPixels = kCoarsePointer ? 40 : 30;
const kRoleNames: Record<Role, string> = { none: "no role", viewer: "viewer", editor: "editor", admin: "admin" };

export function roleName(role: Role): string {
  return kRoleNames[role];
}

/** Who is here, who may be here, and what an admin can do about it. */
export function People() {
  const workspace = useWorkspace();
  const { editor, dialog } = workspace;
  const puttingOut = useSignal<Member | null>(null);
  const here = editor.participants.value;
  const present = new Set(here.map(({ author }) => author));
  const away = editor.members.value.filter(({ author, role }) => !present.has(author) && role !== "none");
  const out = editor.members.value.filter(({ author, role }) => !present.has(author) && role === "none");
  const isAdmin = editor.status.value.role === "admin";
  const entriesFor = (author: AuthorKey) => roleMenu(workspace, author, (member) => (puttingOut.value = member));
  return (
    <div class="people">
      <Button kind={isAdmin ? "primary" : "plain"} icon="invite" onClick={() => (dialog.value = "invite")}>
        Invite people
      </Button>
      <h3 class="list-title">{`Here now (${here.length})`}</h3>
      <VirtualList
        label="People here now"
        rows={here}
        rowHeight={kRowPixels}
        keyOf={({ session }) => session}
        renderRow={(participant) => (
          <Present
            participant={participant}
            entries={isAdmin && !participant.self ? () => entriesFor(participant.author) : undefined}
          />
        )}
      />
      {away.length === 0 ? null : (
        <>
          <h3 class="list-title">{`Away (${away.length})`}</h3>
          <Absent label="Members who are away" members={away} entriesFor={isAdmin ? entriesFor : undefined} />
        </>
      )}
      {out.length === 0 || !isAdmin ? null : (
        <>
          <h3 class="list-title">{`Put out (${out.length})`}</h3>
          <Absent label="People without a role" members={out} entriesFor={entriesFor} />
        </>
      )}
      {puttingOut.value === null ? null : (
        <PutOut member={puttingOut.value} onClose={() => (puttingOut.value = null)} />
      )}
    </div>
  );
}

export function nameOr(name: string): string {
  return name === "" ? "somebody without a name" : name;
}

/** Members who are not connected; `entriesFor` when they can be managed. */
function Absent(props: {
  label: string;
  members: readonly Member[];
  entriesFor: ((author: AuthorKey) => MenuEntry[]) | undefined;
}) {
  const { entriesFor } = props;
  return (
    <VirtualList
      label={props.label}
      rows={props.members}
      rowHeight={kRowPixels}
      keyOf={({ author }) => author}
      renderRow={({ author, name, role }) => (
        <Row author={author} name={name} role={role}>
          {entriesFor === undefined ? null : (
            <MenuButton label={`Manage ${nameOr(name)}`} icon="more" entries={() => entriesFor(author)} />
          )}
        </Row>
      )}
    />
  );
}

function Present({ participant, entries }: { participant: Participant; entries: (() => MenuEntry[]) | undefined }) {
  const { editor } = useWorkspace();
  const { session, author, name, role, self, presence } = participant;
  const following = editor.following.value === session;
  return (
    <Row author={author} name={name} role={role} note={self ? "you" : following ? "following" : undefined}>
      {self ? null : (
        <IconButton
          icon="eye"
          label={following ? `Stop following ${nameOr(name)}` : `Follow the view of ${nameOr(name)}`}
          pressed={following}
          disabled={presence?.view === undefined && !following}
          onClick={() => (editor.following.value = following ? null : session)}
        />
      )}
      {entries === undefined ? null : <MenuButton label={`Manage ${nameOr(name)}`} icon="more" entries={entries} />}
    </Row>
  );
}

function Row(props: {
  author: AuthorKey;
  name: string;
  role: Role;
  note?: string | undefined;
  children?: preact.ComponentChildren;
}) {
  const { editor } = useWorkspace();
  const { fill } = editor.colorOf(props.author);
  const selection = editor.members.value.find(({ author }) => author === props.author)?.selection ?? [];
  return (
    <div class="person">
      <span class="person-dot" style={{ background: fill }} />
      <button
        type="button"
        class="person-name"
        disabled={selection.length === 0}
        data-tooltip={selection.length === 0 ? undefined : "Frame what they have chosen"}
        onClick={() => editor.viewport.value?.frame(selection)}
      >
        {props.name === "" ? <em>no name</em> : props.name}
        {props.note === undefined ? null : <span class="person-note">{props.note}</span>}
      </button>
      <span class="person-role">{roleName(props.role)}</span>
      {props.children}
    </div>
  );
}

function roleMenu(workspace: Workspace, author: AuthorKey, putOut: (member: Member) => void): MenuEntry[] {
  const { editor } = workspace;
  const member = editor.members.value.find((each) => each.author === author);
  const known = member ?? { author, name: "", role: "none" as const, selection: [] };
  const grant = (role: Role): MenuEntry => ({
    label: `Make ${roleName(role)}`,
    checked: known.role === role,
    disabled: known.role === role,
    run: () =>
      void editor.request(
        `Make ${nameOr(known.name)} ${roleName(role)}`,
        editor.room.submit({ command: "grant_role", author, role }),
      ),
  });
  return [
    grant("viewer"),
    grant("editor"),
    grant("admin"),
    "separator",
    { label: "Put out…", icon: "close", danger: true, disabled: known.role === "none", run: () => putOut(known) },
  ];
}

/** Keys are free: whoever is put out could come back by the same invite, so that is asked about. */
function PutOut({ member, onClose }: { member: Member; onClose: () => void }) {
  const { editor } = useWorkspace();
  const revokeInvite = useSignal(true);
  const go = () => {
    onClose();
    void editor.request(
      `Put out ${nameOr(member.name)}`,
      editor.room.submit({
        command: "revoke_role",
        author: member.author,
        ...(revokeInvite.value ? {} : { keep_invite: true }),
      }),
    );
  };
  return (
    <Dialog
      title={`Put out ${nameOr(member.name)}?`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="danger" onClick={go}>
            Put out
          </Button>
        </>
      }
    >
      <p>They can no longer see or edit this room. What they made stays.</p>
      <Toggle
        label="Also revoke the invite that they came by"
        checked={revokeInvite.value}
        onChange={(checked) => (revokeInvite.value = checked)}
      />
      <p class="hint">
        Whoever still has that link could come back with a new key. Keep the invite only if others are to use it.
      </p>
    </Dialog>
  );
}

import { type AuthorKey, type Member, type Participant, type Presence, type SessionNumber } from "./types.js";

interface Connected {
  readonly session: SessionNumber;
  readonly author: AuthorKey;
  readonly self: boolean;
}

/** Who was let in, who is here, and what they show; each object is made anew when it says something else. */
export class People {
  members: readonly Member[] = [];
  participants: readonly Participant[] = [];
  private connected: readonly Connected[] = [];
  private readonly presence = new Map<SessionNumber, Presence>();
  private membersChanged = false;
  private participantsChanged = false;

  setMembers(members: readonly Member[]): void {
    this.members = members;
    this.membersChanged = true;
    this.renew();
  }

  setParticipants(connected: readonly Connected[]): void {
    this.connected = connected;
    const here = new Set(connected.map((one) => one.session));
    for (const session of this.presence.keys()) if (!here.has(session)) this.presence.delete(session);
    this.renew();
  }

  setPresence(updates: readonly { session: SessionNumber; presence: Presence }[]): void {
    const moved = new Map(updates.map((update) => [update.session, update.presence]));
    for (const [session, presence] of moved) this.presence.set(session, presence);
    this.participants = this.participants.map((one) => {
      const presence = moved.get(one.session);
      return presence ? { ...one, presence } : one;
    });
    this.participantsChanged = true;
  }

  takeMembersChanged(): boolean {
    const changed = this.membersChanged;
    this.membersChanged = false;
    return changed;
  }

  takeParticipantsChanged(): boolean {
    const changed = this.participantsChanged;
    this.participantsChanged = false;
    return changed;
  }

  private renew(): void {
    const byAuthor = new Map(this.members.map((member) => [member.author, member]));
    this.participants = this.connected.map((one) => {
      const member = byAuthor.get(one.author);
      const presence = this.presence.get(one.session);
      return { ...one, name: member?.name ?? "", role: member?.role ?? "none", ...(presence ? { presence } : {}) };
    });
    this.participantsChanged = true;
  }
}

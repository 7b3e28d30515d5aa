import { signal } from "@preact/signals";
import type { NoticeKind } from "../editor.js";
import { IconButton } from "./button.js";
import { Icon, type IconName } from "./icon.js";

interface Toast {
  readonly number: number;
  readonly kind: NoticeKind;
  readonly text: string;
}

/** More would cover the work; the oldest make room. */
const kToastsMax = 4;
const kShownMs: Record<NoticeKind, number> = { info: 4000, success: 5000, warning: 7000, error: 12000 };
const kIconOf: Record<NoticeKind, IconName> = { info: "info", success: "check", warning: "warning", error: "warning" };

/** The sentences that are shown now. One list serves the page. */
export class Toasts {
  readonly shown = signal<readonly Toast[]>([]);
  private next = 1;

  show(kind: NoticeKind, text: string): void {
    const rest = this.shown.value.filter((toast) => toast.text !== text);
    const number = this.next++;
    this.shown.value = [...rest, { number, kind, text }].slice(-kToastsMax);
    setTimeout(() => this.dismiss(number), kShownMs[kind]);
  }

  dismiss(number: number): void {
    this.shown.value = this.shown.value.filter((toast) => toast.number !== number);
  }
}

/** A live region that is there from the start, so that screen readers notice what comes into it. */
export function ToastLayer({ toasts }: { toasts: Toasts }) {
  return (
    <div class="toasts" role="status" aria-live="polite" aria-label="Messages">
      {toasts.shown.value.map(({ number, kind, text }) => (
        <div key={number} class={`toast toast-${kind}`}>
          <Icon name={kIconOf[kind]} />
          <p>{text}</p>
          <IconButton icon="close" label="Dismiss" onClick={() => toasts.dismiss(number)} />
        </div>
      ))}
    </div>
  );
}

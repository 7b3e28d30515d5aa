import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "./button.js";

/** A modal dialog: the browser keeps the focus in it and gives it back; Escape and a click beside it close it. */
export function Dialog(props: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  footer?: ComponentChildren;
  size?: "small" | "medium" | "large";
  /** There is only text to read in it: keys can scroll it then. */
  readable?: boolean;
}) {
  const title = useId();
  const root = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = root.current as HTMLDialogElement;
    dialog.showModal();
    // What the dialog is about comes before the button that closes it.
    const first = dialog.querySelector<HTMLElement>(
      ".dialog-body :is(input, select, button):not(:disabled), .dialog-foot button",
    );
    first?.focus();
    return () => dialog.close();
  }, []);
  return (
    <dialog
      ref={root}
      class={`dialog dialog-${props.size ?? "small"}`}
      aria-labelledby={title}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onClick={(event) => {
        if (event.target === root.current) props.onClose();
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <div class="dialog-frame">
        <header class="dialog-head">
          <h2 id={title}>{props.title}</h2>
          <IconButton icon="close" label="Close" onClick={props.onClose} />
        </header>
        <div class="dialog-body" tabIndex={props.readable === true ? 0 : undefined}>
          {props.children}
        </div>
        {props.footer === undefined ? null : <footer class="dialog-foot">{props.footer}</footer>}
      </div>
    </dialog>
  );
}

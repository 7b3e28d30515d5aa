import { effect } from "@preact/signals";
import type { Room } from "@theta/client";
import { render } from "preact";
import { lazy, Suspense } from "preact/compat";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { WebGLRenderer } from "three";
import { kActions, menuOf } from "../actions/index.js";
import { listenForShortcuts } from "../actions/shortcuts.js";
import { IconButton } from "../components/button.js";
import { Menu, type MenuPlace } from "../components/menu.js";
import { Splitter } from "../components/splitter.js";
import { Tabs } from "../components/tabs.js";
import { ToastLayer } from "../components/toast.js";
import { TooltipLayer } from "../components/tooltip.js";
import { createEditor } from "../editor.js";
import { sentence } from "../sentence.js";
import { Banners } from "../panels/banners.js";
import { Conflicts } from "../panels/conflicts.js";
import { Inspector } from "../panels/inspector.js";
import { Jobs } from "../panels/jobs.js";
import { Outliner } from "../panels/outliner.js";
import { MoveToDialog, PaletteDialog } from "../panels/palette.js";
import { People } from "../panels/people.js";
import { prepareDrawing } from "../viewport/prepare_drawing.js";
import { Viewport } from "../viewport/viewport.js";
import { useWorkspace, Workspace, WorkspaceContext, type SideTab } from "../workspace.js";
import { DropArea, pickFiles } from "./drop_area.js";
import { shareSelection, warnBeforeLosing } from "./room_duties.js";
import { StatusBar } from "./status_bar.js";
import { TopBar } from "./top_bar.js";
import { useSignal } from "@preact/signals";

export { prepareDrawing };

// What is not on the first screen is fetched when it is opened.
const History = lazy(() => import("../panels/history.js"));
const LookBackBar = lazy(() => import("../panels/history.js").then(({ LookBackBar: bar }) => ({ default: bar })));
const HelpDialog = lazy(() => import("../panels/help_dialog.js"));
const AboutDialog = lazy(() => import("../panels/about_dialog.js"));
const InviteDialog = lazy(() => import("../panels/invite_dialog.js"));

interface Drawing {
  readonly renderer: WebGLRenderer | undefined;
}

/**
 * Shows the editor for a room; the returned function takes it away again. `renderer` is of `prepareDrawing`; without
 * one the view makes its own.
 */
export function showEditor(root: HTMLElement, room: Room, link: string, renderer?: WebGLRenderer): () => void {
  const editor = createEditor(room);
  const workspace = new Workspace(editor, link);
  const stops = [
    listenForShortcuts(workspace, kActions),
    shareSelection(editor),
    warnBeforeLosing(editor),
    effect(() => {
      const name = editor.roomName.value === "" ? "Theta" : `${editor.roomName.value} – Theta`;
      document.title = workspace.away.value ? `${name} (not connected)` : name;
    }),
  ];
  workspace.onImport = () => pickFiles(workspace);
  render(
    <WorkspaceContext.Provider value={workspace}>
      <Shell renderer={renderer} />
    </WorkspaceContext.Provider>,
    root,
  );
  // For tests and for the curious at the browser's console.
  Object.assign(globalThis, { theta: { room, editor, workspace } });
  return () => {
    for (const stop of stops) stop();
    render(null, root);
    workspace.dispose();
    editor.dispose();
  };
}

function Shell({ renderer }: Drawing) {
  const workspace = useWorkspace();
  const { leftOpen, rightOpen, leftWidth, rightWidth, sheet, editor } = workspace;
  return (
    <div
      class={`shell ${leftOpen.value ? "" : "no-left"} ${rightOpen.value ? "" : "no-right"}`}
      data-sheet={sheet.value ?? "none"}
      style={{ "--left": `${leftWidth.value}px`, "--right": `${rightWidth.value}px` }}
    >
      <TopBar />
      <aside class="left" aria-label="Scene" hidden={!leftOpen.value && sheet.value !== "outliner"}>
        <Outliner />
        <Splitter label="Width of the outliner" width={leftWidth} min={180} max={520} initial={260} side="left" />
      </aside>
      <main class="stage" aria-label="3D view">
        <h1 class="unseen">{`${editor.roomName.value || "Theta"}: a scene that people build together`}</h1>
        <View renderer={renderer} />
        <div class="over-view">
          <Banners />
          {editor.lookBack.value === null ? null : (
            <Suspense fallback={null}>
              <LookBackBar />
            </Suspense>
          )}
        </div>
        <Conflicts />
        <Jobs />
        <EmptyHint />
      </main>
      <aside
        class="right"
        aria-label="Properties, people and history"
        hidden={!rightOpen.value && (sheet.value === null || sheet.value === "outliner")}
      >
        <Splitter label="Width of the side panel" width={rightWidth} min={240} max={560} initial={300} side="right" />
        <SidePanel />
      </aside>
      <StatusBar />
      <SheetTabs />
      <DropArea />
      <Dialogs />
      <ToastLayer toasts={workspace.toasts} />
      <TooltipLayer />
    </div>
  );
}

/** The viewport lives outside of the panels' rendering: it is made once and draws by itself. */
function View({ renderer }: Drawing) {
  const workspace = useWorkspace();
  const container = useRef<HTMLDivElement>(null);
  const menu = useSignal<MenuPlace | null>(null);
  useLayoutEffect(() => {
    const { editor } = workspace;
    let viewport: Viewport;
    try {
      viewport = new Viewport(container.current as HTMLElement, editor, { renderer });
    } catch (error) {
      editor.notify("error", sentence(error));
      return undefined;
    }
    viewport.onContextMenu = ({ x, y, entity }) => {
      if (entity !== null && !editor.selection.value.includes(entity)) editor.selection.value = [entity];
      menu.value = { left: x, top: y };
    };
    editor.viewport.value = viewport;
    return () => {
      editor.viewport.value = null;
      viewport.dispose();
    };
  }, []);
  const entries =
    workspace.editor.selection.value.length === 0
      ? [
          "add.box",
          "add.sphere",
          "add.plane",
          "add.point",
          "add.camera",
          "-",
          "edit.paste",
          "select.all",
          "view.frame_all",
        ]
      : [
          "view.frame",
          "view.camera",
          "-",
          "edit.duplicate",
          "edit.group",
          "edit.hide",
          "edit.copy",
          "edit.paste",
          "-",
          "edit.delete",
        ];
  return (
    <>
      <div ref={container} class="view" />
      {menu.value === null ? null : (
        <Menu
          label="View"
          entries={menuOf(workspace, entries)}
          place={menu.value}
          onClose={() => (menu.value = null)}
        />
      )}
    </>
  );
}

function EmptyHint() {
  const { editor } = useWorkspace();
  void editor.revision.value;
  if (editor.scene.value.size > 0 || editor.status.value.phase === "receiving" || editor.lookBack.value !== null)
    return null;
  const text =
    editor.readOnly.value === ""
      ? "This room is empty. Drop a model here (GLB, glTF, OBJ, PLY, STL), or add an object from the bar above."
      : "This room is empty. What others add shows here.";
  return <p class="empty-hint">{text}</p>;
}

/** Stands above the headings of the panels, whose tab says the same to the eye. */
const kSideTitles: Record<SideTab, string> = { properties: "Properties", people: "People", history: "History" };

function SidePanel() {
  const { sideTab, sheet, editor } = useWorkspace();
  const choose = (tab: SideTab) => {
    sideTab.value = tab;
    if (sheet.value !== null) sheet.value = tab;
  };
  return (
    <Tabs
      label="Side panel"
      active={sideTab.value}
      onChange={choose}
      tabs={[
        { name: "properties", label: kSideTitles.properties },
        { name: "people", label: kSideTitles.people, badge: editor.participants.value.length },
        { name: "history", label: kSideTitles.history },
      ]}
    >
      <h2 class="unseen">{kSideTitles[sideTab.value]}</h2>
      {sideTab.value === "properties" ? <Inspector /> : null}
      {sideTab.value === "people" ? <People /> : null}
      {sideTab.value === "history" ? (
        <Suspense fallback={<p class="panel-empty">Reading…</p>}>
          <History />
        </Suspense>
      ) : null}
    </Tabs>
  );
}

const kSheets = [
  { name: "outliner", label: "Scene", icon: "outliner" },
  { name: "properties", label: "Properties", icon: "inspector" },
  { name: "people", label: "People", icon: "people" },
  { name: "history", label: "History", icon: "history" },
] as const;

/** On narrow screens: which panel covers the lower part of the view. */
function SheetTabs() {
  const { sheet, sideTab } = useWorkspace();
  return (
    <nav class="sheet-tabs" aria-label="Panels">
      {kSheets.map(({ name, label, icon }) => (
        <IconButton
          key={name}
          icon={icon}
          label={label}
          pressed={sheet.value === name}
          onClick={() => {
            sheet.value = sheet.value === name ? null : name;
            if (name !== "outliner") sideTab.value = name;
          }}
        />
      ))}
    </nav>
  );
}

function Dialogs() {
  const { dialog } = useWorkspace();
  const close = () => (dialog.value = null);
  return (
    <Suspense fallback={null}>
      {dialog.value === "help" ? <HelpDialog onClose={close} /> : null}
      {dialog.value === "about" ? <AboutDialog onClose={close} /> : null}
      {dialog.value === "invite" ? <InviteDialog onClose={close} /> : null}
      {dialog.value === "palette" ? <PaletteDialog onClose={close} /> : null}
      {dialog.value === "move_to" ? <MoveToDialog onClose={close} /> : null}
    </Suspense>
  );
}

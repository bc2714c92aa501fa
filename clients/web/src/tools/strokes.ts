/** Edits by pointer: a stroke from press to release is one step of the history. */
import { OpenStroke } from "../state/history";
import { commit, edit, editable, type Draft } from "../state/edits";
import { notify } from "../state/notices";
import { camera } from "../state/stage";
import { block, brushSize, tool } from "../state/toolbox";
import { shownWorld } from "../state/view";
import type { Vec3, VoxelWorld } from "../world/voxels";
import { aimAt, blockAt, type CanvasPoint } from "./aim";
import { brushChanges, cellsBetween, fillChanges, MAX_FILL, type Aim, type BrushKind } from "./brush";

/** What a tool calls a stroke, for undo. */
export function strokeLabel(kind: BrushKind | "fill", cells: number, name: string): string {
  const blocks = `${cells} ${cells === 1 ? "block" : "blocks"}`;
  return { place: `Place ${cells} ${name}`, remove: `Remove ${blocks}`, paint: `Paint ${blocks} ${name}`, fill: `Fill ${blocks} with ${name}` }[kind];
}

export function blockName(world: VoxelWorld, index: number): string {
  return world.blocks[index]?.name ?? "Air";
}

/**
 * A brush on its way. It aims at the world as it was when the stroke began: what it has just placed or
 * removed does not lead it on towards the eye or into the depth.
 */
export class BrushStroke {
  readonly #open: OpenStroke;
  readonly #before: VoxelWorld;
  #last: Aim | null = null;

  private constructor(
    readonly draft: Draft,
    readonly kind: BrushKind,
  ) {
    this.#open = new OpenStroke(draft.world);
    this.#before = draft.world.clone();
  }

  /** Null where nothing can be edited now. */
  static begin(kind: BrushKind): BrushStroke | null {
    const draft = editable();
    return draft && new BrushStroke(draft, kind);
  }

  at(point: CanvasPoint): void {
    const aim = kindAim(this.kind, this.#before, point);
    if (!aim) return;
    const last = this.#last;
    // Between two points on one face nothing is skipped; a jump to another face is a jump.
    const joined = last && last.normal.every((n, axis) => n === aim.normal[axis]) && onePlane(last, aim);
    const cells = joined ? cellsBetween(last.cell, aim.cell) : [aim.cell];
    for (const cell of cells) this.#open.apply(brushChanges(this.draft.world, this.kind, { cell, normal: aim.normal }, brushSize.peek(), block.peek()));
    this.#last = aim;
  }

  end(): void {
    commit(this.draft, this.#open, (cells) => strokeLabel(this.kind, cells, blockName(this.draft.world, block.peek())));
  }

  abandon(): void {
    this.#open.abandon();
  }
}

function onePlane(a: Aim, b: Aim): boolean {
  const axis = a.normal.findIndex((n) => n !== 0);
  return a.cell[axis] === b.cell[axis];
}

function kindAim(kind: BrushKind, world: VoxelWorld, point: CanvasPoint): Aim | null {
  return kind === "place" ? aimAt(world, camera.peek(), point) : blockAt(world, camera.peek(), point);
}

/** What the tool in hand would aim at. */
export function currentAim(point: CanvasPoint): Aim | null {
  const world = shownWorld.peek();
  return world && (tool.peek() === "place" ? aimAt(world, camera.peek(), point) : blockAt(world, camera.peek(), point));
}

export function fillAt(cell: Vec3): void {
  const name = (world: VoxelWorld) => blockName(world, block.peek());
  const seen = { complete: true };
  const stroke = edit(
    (cells) => strokeLabel("fill", cells, name(shownWorld.peek()!)),
    (world) => {
      const found = fillChanges(world, cell, block.peek());
      seen.complete = found.complete;
      return found;
    },
  );
  if (stroke && !seen.complete) notify({ tone: "plain", title: "The fill stopped early", text: `One fill changes at most ${MAX_FILL.toLocaleString("en")} blocks; fill again to go on.` });
}

/** One dab of the brush, for the keyboard. */
export function dab(kind: BrushKind, cell: Vec3): void {
  // The cursor names the cell itself, so a brush that places has its face below that cell.
  const aim: Aim = { cell: kind === "place" ? [cell[0], cell[1] - 1, cell[2]] : cell, normal: [0, 1, 0] };
  edit(
    (cells) => strokeLabel(kind, cells, blockName(shownWorld.peek()!, block.peek())),
    (world) => brushChanges(world, kind, aim, brushSize.peek(), block.peek()),
  );
}

export function takeBlock(index: number): void {
  if (index === 0) return;
  block.value = index;
  tool.value = "place";
}

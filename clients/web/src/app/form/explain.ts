/** The settings of a job in plain words, in the order in which the form shows them. */

export interface Explained {
  /** Name in the contract. */
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  /** Where a slider helps: the part of the server's range that is of use. */
  readonly slider?: { readonly min: number; readonly max: number; readonly step: number; readonly logarithmic?: boolean };
  /** Only with these teachers (names as the server has them). */
  readonly teachers?: readonly string[];
  /** Only with this method. */
  readonly method?: "distill" | "sample";
}

export interface Group {
  readonly title: string;
  readonly settings: readonly Explained[];
}

export const STEPS: Explained = {
  name: "steps",
  label: "Steps",
  hint: "More steps take longer and settle finer.",
  slider: { min: 1, max: 20_000, step: 1, logarithmic: true },
};

export const STRENGTH: Explained = {
  name: "strength",
  label: "Strength",
  hint: "1 builds freely; less keeps more of the present world.",
  slider: { min: 0, max: 1, step: 0.01 },
};

export const GROUPS: readonly Group[] = [
  {
    title: "Teacher",
    settings: [
      {
        name: "cfg_scale",
        label: "Prompt guidance",
        hint: "How strictly the prompt is followed. Too much makes the world coarse.",
        slider: { min: 0, max: 20, step: 0.1 },
        teachers: ["prior"],
      },
      { name: "teacher_calls", label: "Looks", hint: "How often the teacher looks at the world during the run.", method: "distill" },
      { name: "t_start", label: "Noise at the start", hint: "1 sees only rough shapes, 0 only details.", slider: { min: 0.001, max: 0.999, step: 0.001 } },
      { name: "t_end", label: "Noise at the end", hint: "At most the noise at the start.", slider: { min: 0.001, max: 0.999, step: 0.001 } },
      { name: "lambda_prior", label: "Prior beside it", hint: "Weight of the embedded prior beside this teacher; 0 is off.", teachers: ["photometric", "noise"] },
      { name: "views_per_step", label: "Cameras a step", hint: "More cameras are steadier and slower.", teachers: ["photometric", "noise"] },
      { name: "image_size", label: "Picture size", hint: "Side of the pictures that the teacher sees, in pixels.", teachers: ["photometric", "noise"] },
      { name: "pixel_grad_clip", label: "Pixel clip", hint: "Largest gradient of one pixel; 0 is off.", teachers: ["noise"] },
    ],
  },
  {
    title: "Learning",
    settings: [
      { name: "lr", label: "Speed of shape", hint: "Learning rate of full or empty.", method: "distill" },
      { name: "material_lr", label: "Speed of material", hint: "Learning rate of the kinds of block.", method: "distill" },
      { name: "temp_start", label: "Softness at the start", hint: "High: everything is undecided. Low: every cell has made up its mind.", method: "distill" },
      { name: "temp_end", label: "Softness at the end", hint: "As above, for the last step.", method: "distill" },
      { name: "logit_solid", label: "Trust in full cells", hint: "How firmly the run begins to believe in blocks that are there.", method: "distill" },
      { name: "logit_air", label: "Trust in empty cells", hint: "The same for air; further below 0 is firmer.", method: "distill" },
      { name: "logit_material", label: "Trust in materials", hint: "The same for the kind of each block.", method: "distill" },
      { name: "adam_eps", label: "Stillness", hint: "Changes smaller than this count as settled.", method: "distill" },
    ],
  },
  {
    title: "Tidiness",
    settings: [
      { name: "clean", label: "Tidy the result", hint: "Drops floating crumbs and settles larger floating pieces." },
      { name: "lambda_sparsity", label: "Less", hint: "Weight against blocks; 0 is off.", method: "distill" },
      { name: "lambda_entropy", label: "Decided", hint: "Weight against half-full cells; 0 is off.", method: "distill" },
      { name: "lambda_smooth", label: "Smooth", hint: "Weight against roughness; 0 is off.", method: "distill" },
      { name: "lambda_connectivity", label: "Connected", hint: "Weight against loose pieces; 0 is off.", method: "distill" },
    ],
  },
  {
    title: "Output",
    settings: [
      { name: "log_every", label: "Report every", hint: "Steps between two figures and voxel frames. 1 is smoothest to watch." },
      { name: "image_every", label: "Picture every", hint: "Steps between two preview pictures; 0 is never." },
      { name: "checkpoint_every", label: "Checkpoint every", hint: "Steps that are lost at most if the machine dies; 0 is never." },
      { name: "save_map_every", label: "Map every", hint: "Steps between two maps kept beside the run; 0 is never." },
    ],
  },
];

export const INIT_MODES: Readonly<Record<string, string>> = {
  from_map: "The map as it is",
  ground_plane: "A flat ground",
  cube: "A cube",
  empty: "Nothing",
  prior: "What the prior makes of the map",
};

export const METHODS: Readonly<Record<string, { readonly label: string; readonly hint: string }>> = {
  distill: { label: "Distill", hint: "Shapes the world step by step towards what the teacher says." },
  sample: { label: "Sample", hint: "Draws a world from the prior directly: quicker, and less careful." },
};

export const TEACHERS: Readonly<Record<string, string>> = {
  prior: "Prompt",
  photometric: "Photographs",
  noise: "Noise (test)",
};

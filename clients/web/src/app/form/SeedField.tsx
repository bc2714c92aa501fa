import { isSeedLocked, nextSeed, randomSeed, seed, seedComplaint, variations } from "../../state/form";
import { Button } from "../controls/Button";
import { Field } from "../controls/Field";

/** The seed: typed, drawn, the next one, or held. */
export function SeedField({ complaint = "" }: { complaint?: string }) {
  const isLocked = isSeedLocked.value;
  return (
    <Field
      label="Seed"
      complaint={seedComplaint(seed.value) || complaint}
      hint={isLocked ? "Stays: the same seed and settings build the same world again." : "The next start takes the next seed."}
    >
      {(described) => (
        <div class="joined">
          <input
            {...described}
            class="input mono"
            inputMode="numeric"
            autocomplete="off"
            value={seed.value}
            onInput={(event) => (seed.value = event.currentTarget.value.trim())}
          />
          <Button
            icon={isLocked ? "lock" : "unlock"}
            label={isLocked ? "Let the seed move on" : "Hold this seed"}
            pressed={isLocked}
            onClick={() => (isSeedLocked.value = !isLocked)}
          />
          <Button icon="next" label="Next seed" onClick={() => nextSeed(variations.value)} />
          <Button icon="dice" label="Draw a seed" onClick={randomSeed} />
        </div>
      )}
    </Field>
  );
}

import { mapId } from "../../state/form";
import { areMapsKnown, maps } from "../../state/maps";
import { Field } from "../controls/Field";

/** The map to begin with, among those of the server. */
export function MapField({ complaint = "" }: { complaint?: string }) {
  const all = maps.value.map((map) => map.mapId).sort(byNumber);
  const results = all.filter((id) => id.startsWith("trained_map_")).reverse();
  const others = all.filter((id) => !id.startsWith("trained_map_"));
  const isGone = areMapsKnown.value && mapId.value !== "" && !all.includes(mapId.value);
  const said = isGone ? "this map is not on the server any more" : complaint;
  return (
    <Field label="Begin with" complaint={said}>
      {(described) => (
        <select {...described} class="input" value={mapId.value} disabled={all.length === 0} onChange={(event) => (mapId.value = event.currentTarget.value)}>
          {(mapId.value === "" || isGone) && <option value={mapId.value}>{areMapsKnown.value && all.length === 0 ? "no maps on this server" : mapId.value || "choose a map"}</option>}
          <Group label="Maps" ids={others} />
          <Group label="Results" ids={results} />
        </select>
      )}
    </Field>
  );
}

function Group({ label, ids }: { label: string; ids: readonly string[] }) {
  if (ids.length === 0) return null;
  return (
    <optgroup label={label}>
      {ids.map((id) => (
        <option key={id} value={id}>
          {id}
        </option>
      ))}
    </optgroup>
  );
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

export function RegionFields() {
  return null;
}

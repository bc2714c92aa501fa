export function App() {
  return <main>voxcore</main>;
}

"""Print how warm it was: mean, lowest and highest temperature of each sensor."""

import csv

SENSORS = ("inside", "outside", "cellar")


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def main():
    rows = read_rows("measurements.csv")
    print(f"{'sensor':<10}{'count':>6}{'mean':>8}{'low':>8}{'high':>8}")
    for sensor in SENSORS:
        values = [float(row[sensor]) for row in rows]
        mean = sum(values) / len(values)
        print(f"{sensor:<10}{len(values):>6}{mean:>8.1f}{min(values):>8.1f}{max(values):>8.1f}")


if __name__ == "__main__":
    main()
